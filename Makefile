.PHONY: dev dev-reset test test-isolation bench bench-purge record-histories release reproduce vulnerabilities lint tools

## dev: the product on this machine, with simulators instead of Slack and Gemini
# Built and then executed, because `go run` does not pass on the signal that asks it to stop.
dev:
	@echo 'building; the first time this takes some minutes'
	@go -C cmd/dev build -o ../../bin/dev .
	@cd cmd/dev && exec ../../bin/dev

## dev-reset: back to the state after the first start
dev-reset:
	@echo 'building; the first time this takes some minutes'
	@go -C cmd/dev build -o ../../bin/dev .
	@cd cmd/dev && exec ../../bin/dev reset

## test: everything, in both modules
test:
	.ci/test.sh

## test-isolation: a minute of random operations of three workspaces on each way to the database, and what else keeps them apart
test-isolation:
	go test ./internal/postgres -count=1 -v -timeout 10m -run 'Random|EveryPolicy|EveryQuery|AnotherWorkspace|Catalog' -args -long

## bench: acknowledgement, throughput and cost of a request; writes .dev/bench.json
bench:
	cd cmd/dev && go run ./bench

## bench-purge: the destruction of a workspace of 200,000 requests; writes .dev/bench-purge.json
bench-purge:
	cd cmd/dev && go run ./bench -only erase -erased 200000 -out ../../.dev/bench-purge.json

## record-histories: run the stories and keep one history of each path for the replay test; the last five sets stay
record-histories:
	cd cmd/dev && go test ./e2e -count=1 -short -timeout 20m -args -record "$(CURDIR)/workflows/testdata/replay/$$(date -u +%Y%m%dT%H%M)"
	ls -d workflows/testdata/replay/* | sort | head -n -5 | xargs -r rm -r

## release: the binary as it is shipped, with its bill of materials, into bin/release
release:
	.ci/release.sh

## reproduce: build it twice with empty caches, in two directories, and compare; takes minutes
reproduce:
	.ci/reproduce.sh

## vulnerabilities: ask Go's database, over the network, about what our code calls
vulnerabilities: tools
	.ci/vulnerabilities.sh

## lint: the quick checks only
lint: tools
	.ci/lint.sh

## tools: the pinned checkers, into bin/
tools:
	.ci/tools.sh
