#!/usr/bin/env bash
# Builds the checkers into bin/, each once per version.
set -euo pipefail
cd "$(dirname "$0")/.."

while read -r package version; do
  name=${package##*/}
  stamp=bin/.$name-$version
  [ -e "$stamp" ] && continue
  echo "building $name $version"
  GOBIN=$PWD/bin go install "$package@$version"
  rm -f bin/."$name"-*
  touch "$stamp"
done <<'END'
github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0
go.temporal.io/sdk/contrib/tools/workflowcheck v0.6.0
golang.org/x/vuln/cmd/govulncheck v1.9.0
END
