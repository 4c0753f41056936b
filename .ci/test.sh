#!/usr/bin/env bash
# Everything that must hold before a commit is shared, in both modules.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/step.sh

# As the binary is shipped, so that nothing is compiled twice.
export CGO_ENABLED=0 GOFLAGS=-trimpath

# Without a network there is no answer, and no failure.
vulnerabilities() { .ci/vulnerabilities.sh || [ $? -eq 2 ]; }
in_dev() { (cd cmd/dev && "$@"); }

step packages .ci/packages.sh
step tools .ci/tools.sh
.ci/lint.sh
step govulncheck vulnerabilities
step "release build" .ci/release.sh
step "go test" go test -timeout 20m ./...
# The stories run the product as a program, of which the cache of go test knows nothing.
step "go test cmd/dev" in_dev go test -count=1 -timeout 40m ./...
echo "== all passed in $SECONDS s"
