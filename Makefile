# Everything a user or a maintainer runs. Needs python3 (3.11 to 3.13) with venv, make and git; the rest is installed
# into .venv from hash-pinned locks. A stamp in .venv says what is installed, so that repeat runs start at once.

PYTHON ?= python3
ARGS ?=
MINUTES ?=
PYTHON312 ?= python3.12
GOLDEN_PYTHONS ?= python3.11 python3.12 python3.13
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TYPED := $(wildcard margincall exchange clients scenarios tests loadtests)

.DEFAULT_GOAL := help
.PHONY: help demo real-day test check mutants simulate kill fuzz-rest load reproduce bench-detection bench lock-bench golden-all \
	connector freqtrade nautilus conformance book-sync lock lock-outside clean
.DELETE_ON_ERROR:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/runtime.stamp ## serve a demo exchange with house bots on loopback; ARGS="--seconds 45" passes flags
	$(BIN)/margincall demo $(ARGS)

real-day: $(VENV)/runtime.stamp ## the demo on a real minute file: make real-day MINUTES=PATH
	@test -n "$(MINUTES)" || { echo 'real-day needs a minute file: make real-day MINUTES=PATH' >&2; exit 2; }
	@test -r "$(MINUTES)" || { echo 'real-day cannot read $(MINUTES)' >&2; exit 2; }
	$(BIN)/margincall demo --index "file:$(MINUTES)" --speed 60 $(ARGS)

test: $(VENV)/dev.stamp ## run the tests; ARGS="-m 'not slow'" passes flags
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev.stamp ## style, format, types, floors, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest $(ARGS)

mutants: $(VENV)/dev.stamp ## plant known bugs one by one; each must be caught by its named test
	$(BIN)/python -m tests.mutants.run $(ARGS)

simulate: $(VENV)/dev.stamp ## a long random life of the venue against the naive reference
	$(BIN)/python -m tests.simulation.campaign --commands 1000000 $(ARGS)

kill: $(VENV)/dev.stamp ## kill a served venue under load, 20 times; what it told must be there once
	KILL_ROUNDS=20 $(BIN)/python -m pytest tests/recovery $(ARGS)

fuzz-rest: $(VENV)/dev.stamp ## 20,000 calls made from the OpenAPI document, right and wrong ones; ARGS="--seed 2"
	$(BIN)/python -m tests.openapi.fuzz --calls 20000 $(ARGS)

conformance: $(VENV)/dev.stamp ## run each row of docs/conformance.md with ccxt, python-binance and the SDK, and write it anew
	$(BIN)/python -m tests.conformance_clients.columns $(ARGS)

book-sync: $(VENV)/dev.stamp ## books kept through diffs by three clients against the venue's: 200 updates a second, 5 minutes
	$(BIN)/python -m tests.conformance_clients.book_sync $(ARGS)

load: $(VENV)/runtime.stamp .venv-load/stamp ## a venue under Locust: ARGS="--shape knee --seconds 60"; also steady, classroom, flood, cascade
	$(BIN)/python -m loadtests.run $(ARGS)

.venv-load/stamp: loadtests/requirements.lock
	$(PYTHON) -m venv .venv-load
	.venv-load/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

reproduce: $(VENV)/dev.stamp ## published tables and laws through the venue, beside what is measured; ARGS="-j 2" for two processes
	$(BIN)/margincall reproduce A1 A2 $(ARGS)

bench-detection: $(VENV)/dev.stamp ## finding whom a mark concerns, against looking at everybody; ARGS="--accounts 10000"
	$(BIN)/python -m loadtests.bench.detection $(ARGS)

# Books of others stand beside ours in one process: an environment of its own keeps them out of .venv.
bench: .venv-bench/stamp ## books in process against peers, order round trips and fan-out against bare aiohttp and sockets; ARGS="books --json FILE"
	.venv-bench/bin/python -m loadtests.bench $(ARGS)

.venv-bench/stamp: loadtests/bench/requirements.lock requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement requirements.lock
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement loadtests/bench/requirements.lock
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock-bench: ## renew the lock of the books of others; what the run time has, too, keeps its version
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet --upgrade uv
	.venv-lock/bin/uv pip compile loadtests/bench/requirements.in --constraint requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command 'make lock-bench' --output-file loadtests/bench/requirements.lock

golden-all: ## replay the golden journal on each of Python 3.11, 3.12 and 3.13 that is installed
	@set -e; for python in $(GOLDEN_PYTHONS); do \
		$$python -c '' 2>/dev/null || { echo "$$python: not installed here"; continue; }; \
		venv=.venv-golden-$$(basename $$python); \
		$$python -m venv $$venv; \
		$$venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements.lock; \
		$$venv/bin/python -m tests.journal.golden; \
	done

# Clients that cannot share .venv: each in an environment of its own, on a venue in a process of its own.
OUTSIDE := tests/conformance_clients/outside

connector: $(VENV)/runtime.stamp .venv-connector/stamp ## binance-futures-connector against a served venue; writes its column of the matrix
	.venv-connector/bin/python -m tests.conformance_clients.outside.connector $(ARGS)

freqtrade: $(VENV)/runtime.stamp .venv-freqtrade/stamp ## freqtrade, its exchange layer and a short run, likewise; some five minutes
	.venv-freqtrade/bin/python -m tests.conformance_clients.outside.freqtrade $(ARGS)

nautilus: $(VENV)/runtime.stamp .venv-nautilus/stamp ## nautilus_trader, a TradingNode and all its message structs, likewise; needs python3.12 (PYTHON312)
	.venv-nautilus/bin/python -m tests.conformance_clients.outside.nautilus $(ARGS)

.venv-nautilus/stamp: PYTHON := $(PYTHON312)
.venv-%/stamp: $(OUTSIDE)/%.lock
	@$(PYTHON) -c '' 2>/dev/null || { echo '$(PYTHON) is not installed here; name another with PYTHON=PATH (nautilus: PYTHON312=PATH)' >&2; exit 2; }
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

lock-outside: ## renew the locks of those environments
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet --upgrade uv
	@set -e; for client in connector:3.11 freqtrade:3.11 nautilus:3.12; do \
		.venv-lock/bin/uv pip compile $(OUTSIDE)/$${client%:*}.in --universal --python-version $${client#*:} \
			--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --upgrade --quiet \
			--custom-compile-command 'make lock-outside' --output-file $(OUTSIDE)/$${client%:*}.lock; \
	done

lock: ## renew requirements.lock, requirements-dev.lock and loadtests/requirements.lock from pyproject.toml
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet --upgrade uv
	$(LOCK) --extra dev --extra research --output-file requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock
	$(LOCK) --extra load --constraint requirements-dev.lock --output-file loadtests/requirements.lock

# The dev lock comes first: ccxt pins versions of what the run time needs, too, and both locks must agree.
LOCK = .venv-lock/bin/uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --upgrade --quiet \
	--custom-compile-command 'make lock'

clean: ## remove .venv, caches and build folders
	rm -rf $(VENV) .venv-* build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo 'Margincall needs Python 3.11 to 3.13; choose one with PYTHON=python3.12' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# The lock holds setuptools, so that the project itself is built without fetching anything.
$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# A superset of the run-time lock, with the same versions.
$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	$(PIP) install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@
