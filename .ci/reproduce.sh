#!/usr/bin/env bash
# Builds the product twice from the committed sources, in two directories, each with an empty cache, and compares. It takes
# minutes; the test in cmd/dev/sbom does the same with the cache that is there.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for place in one another/two; do
  mkdir -p "$work/$place"
  git archive HEAD | tar -x -C "$work/$place"
  (cd "$work/$place" && GOCACHE="$work/cache-${place##*/}" CGO_ENABLED=0 \
    go build -trimpath -buildvcs=false -ldflags="-s -w" -o echosynch ./cmd/echosynch)
  sha256sum "$work/$place/echosynch" | cut -d' ' -f1
done
cmp "$work/one/echosynch" "$work/another/two/echosynch"
echo "the same, byte for byte"
