# idservice: everything runs from here. GNU make and Python 3.11 or newer are all that is needed.
#
#   make run ARGS="--port 9000"     gives a command further arguments
#   make test ARGS="-k nonce"       the same for the tests
#   PYTHON=python3.12 make run      chooses the Python that .venv is made from

PYTHON  ?= python3
VENV    ?= .venv
ARGS    ?=
WORKERS ?= auto
UV      ?= uv

BIN        := $(VENV)/bin
PIP        := $(BIN)/python -m pip --disable-pip-version-check --quiet
IDSERVICE  := $(BIN)/idservice
RUNTIME    := $(VENV)/.installed-runtime
DEVELOP    := $(VENV)/.installed-development
LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
              --no-emit-index-url --no-emit-find-links --no-emit-build-options --quiet

# `make test COVERAGE=yes` measures the core and fails below 95 % of its branches.
COVERAGE ?= no
ifeq ($(COVERAGE),yes)
PYTEST := $(BIN)/python -m coverage run -m pytest
else
PYTEST := $(BIN)/python -m pytest
endif

.DEFAULT_GOAL := help
.PHONY: pictures run demo test test-slow test-kill fuzz lint format bench compare docs lock help clean
.SUFFIXES:
.DELETE_ON_ERROR:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Start the service with test people on http://127.0.0.1:8080
	@$(IDSERVICE) run $(ARGS)

demo: $(RUNTIME) ## Tell the whole story: issue, log in, sign, verify, tamper, revoke
	@$(IDSERVICE) demo $(ARGS)

bench: $(DEVELOP) ## Measure signatures per second
	@$(IDSERVICE) bench $(ARGS)

compare: $(DEVELOP) ## Compare with pyHanko and pdfsig: attacks, honest changes, time
	PYTHONPATH=tests $(BIN)/python -m support.comparison $(ARGS)
	PYTHONPATH=tests $(BIN)/python -m support.comparison_speed

test: $(DEVELOP) ## Run the tests (a few minutes; COVERAGE=yes measures the core)
	$(PYTEST) -n $(WORKERS) --dist worksteal -m "not slow and not kill" $(ARGS)
ifeq ($(COVERAGE),yes)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
endif

test-slow: $(DEVELOP) ## Run the tests that take long
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "slow and not kill" $(ARGS)

test-kill: $(DEVELOP) ## Kill the service and commands a thousand times under load
	$(BIN)/python -m pytest -m kill -s $(ARGS)

fuzz: $(DEVELOP) ## Give every parser a million changed inputs (hours; ARGS="cms --rounds 9000")
	PYTHONPATH=tests $(BIN)/python -m support.fuzz $(ARGS)

lint: $(DEVELOP) ## Check style, types and the Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: $(DEVELOP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pictures: $(DEVELOP) ## Make the pictures of the README from the running product (needs Chromium)
	$(BIN)/python docs/images/capture.py

lock: ## Choose the newest allowed versions and pin them with hashes (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv. Install it with: pip install uv" >&2; exit 2; }
	$(UV) pip compile pyproject.toml $(LOCK_FLAGS) --upgrade \
	  --extra postgres --extra hsm --extra preview --extra build --output-file requirements.lock
	$(UV) pip compile pyproject.toml $(LOCK_FLAGS) --upgrade --constraint requirements.lock \
	  --all-extras --output-file requirements-dev.lock

docs: $(DEVELOP) ## Write docs/errors.md and docs/cli.md anew from the code
	PYTHONPATH=tests $(BIN)/python -m support.documents

clean: ## Remove .venv and caches; keys/ and var/ stay
	rm -rf $(VENV) build dist .coverage .coverage.* htmlcov \
	  .hypothesis .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find idservice tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is as new as the lock it was made from: nothing is installed twice.
$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) (once)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(DEVELOP): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) what tests and checks need (once)"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "idservice needs Python 3.11 or newer, and \"$(PYTHON)\" is not." >&2; \
	  echo "Install one and name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "\"$(PYTHON)\" cannot make virtual environments: its venv module is missing." >&2; \
	  echo "On Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
