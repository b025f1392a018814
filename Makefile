# The commands of this project. `make setup` installs what is missing; `make test` is what CI runs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

# The profile of `make demo`. The debug profile compiles in a few minutes, release takes several
# times that, and a demo is judged by how soon it runs. `make demo PROFILE=release` for speed.
PROFILE ?= dev
# Further flags of the demo, for example DEMO_ARGS="--help".
DEMO_ARGS ?=
OPENAPI := openapi/gateway.json

.PHONY: help setup demo test fmt lint deny unit openapi openapi-check product-check bench

help: ## Lists these commands.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

setup: ## Installs what is missing: system packages, Python environments of the tests.
	@scripts/setup

demo: ## Builds and runs the gateway with simulated services, until Ctrl-C.
	@scripts/setup --build-only
	cargo run --locked --profile $(PROFILE) -- demo $(DEMO_ARGS)

# One step after the other: two cores, and the first failure ends it.
test: setup ## Runs every check and every test; fails when one does.
	@$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory deny
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory openapi-check
	$(MAKE) --no-print-directory product-check
	echo "make test: everything passed"

fmt: ## Formats the sources.
	@cargo fmt

lint:
	@cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

deny: setup
	@scripts/check-dependencies

unit: setup
	@cargo test --locked

openapi: ## Writes the API description that openapi/ keeps.
	@mkdir -p $(dir $(OPENAPI))
	cargo run --locked --quiet -- openapi >$(OPENAPI).new
	mv $(OPENAPI).new $(OPENAPI)

openapi-check:
	@cargo build --locked --quiet
	diff -u $(OPENAPI) <(cargo run --locked --quiet -- openapi) \
	    || { echo "$(OPENAPI) is not what the gateway serves: run 'make openapi'" >&2; exit 1; }

product-check: setup
	@cargo build --locked --quiet
	scripts/with-demo scripts/check-readme README.md
	scripts/with-demo scripts/check-schemathesis

bench: ## Runs the benchmarks.
	@cargo bench --locked
