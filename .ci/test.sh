#!/usr/bin/env bash
# Everything that must hold before a commit is shared, in both modules.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/step.sh

vulnerabilities() {
  # One look-up first: it tells a database out of reach from a finding.
  if ! timeout 10 bin/govulncheck -mode=query -json stdlib@v1.26.0 >/dev/null 2>&1; then
    echo "not checked: the vulnerability database cannot be reached"
    return
  fi
  bin/govulncheck ./...
  in_dev ../../bin/govulncheck ./...
}
in_dev() { (cd cmd/dev && "$@"); }

step packages .ci/packages.sh
step tools .ci/tools.sh
.ci/lint.sh
step govulncheck vulnerabilities
step "go test" go test -timeout 20m ./...
step "go test cmd/dev" in_dev go test -timeout 20m ./...
echo "== all passed in $SECONDS s"
