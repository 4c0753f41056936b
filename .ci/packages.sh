#!/usr/bin/env bash
# Makes sure that what the tests start is installed: as root on Debian it installs it, else it says how.
set -euo pipefail

missing=()
# Debian keeps initdb out of PATH.
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing: ${missing[*]}. On Debian or Ubuntu run: sudo sh -c '$install'" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
sh -c "$install" >/dev/null
