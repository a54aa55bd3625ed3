# Everything goes through these targets; `make help` lists them.
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock pyproject.toml
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python
export MYPYPATH := python
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup run test test-rust test-py lint lint-rust lint-py lint-docker audit fmt bench bench-rust lock clean ci

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | column -t -s "$$(printf '\t')"

setup: .venv/.built ## make .venv, install the locked dependencies, build the core (release)

.venv/.installed: requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "setup needs Python 3.11, 3.12 or 3.13 on PATH; set PYTHON=/path/to/python" >&2; exit 4; }
	@command -v cargo >/dev/null || { echo "setup needs cargo on PATH (rust 1.89 or newer)" >&2; exit 4; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.built: .venv/.installed $(RUST_SOURCES)
	@echo "building the core (release)"
	@$(BIN)/maturin develop --release --locked -q > .venv/build.log 2>&1 || { cat .venv/build.log >&2; exit 1; }
	@touch $@

run: setup ## start Vanta on embedded components with a simulated market and a chat page
	$(BIN)/vanta demo

test: setup test-rust test-py ## run all tests

test-rust: setup
	cargo test --locked -q -p vanta-core

test-py: setup
	$(BIN)/python -m pytest -n 4 --dist loadfile

lint: setup lint-rust lint-py lint-docker ## check formats, types, layers, stubs, images, secrets

lint-rust: setup
	cargo fmt --all --check
	cargo clippy --locked -q --workspace --all-targets -- -D warnings

lint-py: setup
	ruff format --check -q .
	ruff check -q .
	mypy
	mypy tests/typing
	python -m mypy.stubtest vanta._core --allowlist rust/vanta-py/stubtest-allowlist.txt --ignore-unused-allowlist
	lint-imports --no-cache
	bandit -q -r python -c pyproject.toml
	git ls-files -z | xargs -0 detect-secrets-hook --baseline .secrets.baseline

lint-docker: setup
	hadolint docker/Dockerfile
	check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yml
	yamllint -s docker .pre-commit-config.yaml

audit: setup ## look the locked dependencies up in the advisory database
	@bash .ci/audit

fmt: setup ## format everything
	cargo fmt --all
	ruff format -q .
	ruff check -q --fix .

bench: setup .venv-bench/.installed ## compare the core with what a user would pick instead (ratios in one run)
	@mkdir -p bench/results
	PYTHONPATH=python .venv-bench/bin/python -m pytest bench/python --benchmark-only --benchmark-columns=min,median,ops --benchmark-group-by=group --benchmark-json=bench/results/python.json
	.venv-bench/bin/python bench/report.py bench/results/python.json

.venv-bench/.installed: .venv/.installed bench/peers/requirements.lock bench/peers/sdk.lock
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip install -q --python .venv-bench/bin/python --require-hashes -r bench/peers/requirements.lock
	$(BIN)/uv pip install -q --python .venv-bench/bin/python --require-hashes --no-deps -r bench/peers/sdk.lock
	@touch $@

bench-rust: setup ## criterion benches of the core alone
	cargo bench --locked -p vanta-bench

lock: ## resolve the dependency locks again (hashes included)
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-dev.lock -c requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group pyproject.toml:dev bench/peers/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o bench/peers/requirements.lock
	$(BIN)/uv pip compile bench/peers/sdk.in --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o bench/peers/sdk.lock

clean: ## remove what setup and tests made (not the state under VANTA_HOME)
	rm -rf .venv .venv-bench target python/vanta/_core*.so .mypy_cache .ruff_cache .hypothesis .benchmarks

ci: lint test audit ## what CI runs
