# Every command of the project. Needs make and Python 3.11, 3.12 or 3.13; everything else is installed into .venv
# from the locked requirements. Another interpreter: make PYTHON=/path/to/python3.12 demo

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(SUPPORTED)' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
BENCH_ARGS ?=
CODE := src tests requirements $(wildcard benchmarks docs examples)

INSTALL := env PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --no-input
LOCKED := $(INSTALL) --progress-bar off --require-hashes --only-binary :all:
COUNT = awk -v total="$$(cat $(1) | grep -c '==')" '\
	/^(Collecting|Processing|Requirement already satisfied)/ { n++; if (n % 20 == 0) { print "  " n " of " total " packages"; fflush() } } \
	/^Installing collected/ { print "  unpacking (a minute or so)"; fflush() }'

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports project format bench proof docs lock base dev clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: base ## Install, then train the Danish system on its simulator and forecast
	@$(BIN)/penstock run denmark

test: dev ## Run the tests (without the slow proofs, and without those of `make check`)
	@$(BIN)/pytest -m "not proof" --ignore=tests/project -n auto --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

check: lint types imports project ## Format, lint, types, import directions, secrets, docs, locks

lint: dev
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)

types: dev
	@$(BIN)/mypy

imports: dev
	@$(BIN)/lint-imports --no-logo

project: dev
	@$(BIN)/pytest tests/project -q $(PYTEST_ARGS)

format: dev ## Format the code and repair what the linter can
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: dev ## Run the benchmarks and print their tables (BENCH_ARGS=--write keeps them in docs/benchmarks.md)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

proof: dev ## Prove the guarantees: edits, kills, races, full disk, flipped bit (slow)
	@$(BIN)/pytest -m proof --timeout=3600 $(PYTEST_ARGS)

docs: dev ## Write the generated pages, run the examples of the docs and check their links
	@$(BIN)/python docs/build.py
	@$(BIN)/pytest tests/docs tests/project -q $(PYTEST_ARGS)

lock: ## Compile the locks again from pyproject.toml (UPGRADE=1 takes newer versions)
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --require-hashes -r requirements/lock.txt
	@PATH="$(CURDIR)/.venv-lock/bin:$$PATH" $(PYTHON) requirements/compile.py $(if $(UPGRADE),--upgrade)

clean: ## Remove what the other commands made, except workspaces
	@rm -rf $(VENV) .venv-lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

base: $(VENV)/.base-installed
dev: $(VENV)/.dev-installed

# Whoever has the development environment has the base one: its lock is a superset.
$(VENV)/.base-installed: requirements/build.txt requirements/base.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing $$(grep -c '==' requirements/base.txt) locked packages into $(VENV) (first time only)"
	@$(LOCKED) -r requirements/build.txt -r requirements/base.txt | $(call COUNT,requirements/build.txt requirements/base.txt)
	@$(INSTALL) --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev-installed: $(VENV)/.base-installed requirements/dev.txt
	@echo "Installing the development tools into $(VENV) (first time only)"
	@$(LOCKED) -r requirements/build.txt -r requirements/dev.txt | $(call COUNT,requirements/build.txt requirements/dev.txt)
	@touch $@

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(SUPPORTED)'; then \
		echo "Penstock needs Python 3.11, 3.12 or 3.13; found: $$(python3 --version 2>&1 || true)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 demo" >&2; exit 2; fi
	@"$(PYTHON)" -m venv $(VENV) || { \
		echo "Python could not make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 2; }
