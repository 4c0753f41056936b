#!/bin/sh
# Brings the schemas of Temporal's two databases to the version of this image. May run again at every start.
set -eu

for name in temporal:temporal temporal_visibility:visibility; do
  tool="temporal-sql-tool --plugin postgres12_pgx --ep postgres -p 5432 -u temporal --db ${name%%:*}"
  $tool setup-schema -v 0.0
  $tool update-schema --schema-name "postgresql/v12/${name##*:}"
done
