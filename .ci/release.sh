#!/usr/bin/env bash
# The binary as it is shipped, and its bill of materials (CycloneDX), into bin/release. The image is built with the same
# flags from the same sources, so with the same Go it holds the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-bin/release}
mkdir -p "$out"
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o "$out/echosynch" ./cmd/echosynch
out=$(cd "$out" && pwd)
(cd cmd/dev && go run ./sbom "$out/echosynch" > "$out/echosynch.cdx.json")
(cd "$out" && sha256sum echosynch echosynch.cdx.json | tee SHA256SUMS)
