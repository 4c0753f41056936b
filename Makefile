.PHONY: dev dev-reset test bench lint tools

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

## bench: acknowledgement, throughput and cost of a request; writes .dev/bench.json
bench:
	cd cmd/dev && go run ./bench

## lint: the quick checks only
lint: tools
	.ci/lint.sh

## tools: the pinned checkers, into bin/
tools:
	.ci/tools.sh
