#!/usr/bin/env bash
# The checks that run nothing: format, vet, linters, determinism of workflows.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/step.sh

unformatted() {
  local files
  files=$(gofmt -l .)
  [ -z "$files" ] || { echo "not formatted, run gofmt -w on:"; echo "$files"; return 1; }
}
in_dev() { (cd cmd/dev && "$@"); }

step gofmt unformatted
step "go vet" go vet ./...
step "go vet cmd/dev" in_dev go vet ./...
step golangci-lint bin/golangci-lint run ./...
step "golangci-lint cmd/dev" in_dev ../../bin/golangci-lint run ./...
step workflowcheck bin/workflowcheck -config .ci/workflowcheck.yaml ./workflows/...
