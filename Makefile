# A fresh machine needs Python 3.11 or newer and make; everything else is set up here, once.
PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.ready-to-run
DEV := $(VENV)/.ready-to-develop

.DEFAULT_GOAL := help
.PHONY: help run call sim test check format bench live chaos lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN) ## Start the server on port 3000
	@CORDBOARD_RELOAD=$${CORDBOARD_RELOAD:-1} $(BIN)/python -m app serve

call: $(RUN) ## Talk to the server in text; options in ARGS, such as ARGS="--say hello"
	@trap : INT; $(BIN)/python -m app call $(ARGS) || [ $$? -eq 130 ]

sim: $(RUN) ## Let simulated callers call; options in ARGS, such as ARGS="--calls 200"
	@$(BIN)/python -m app sim tests/scenarios/sim $(ARGS)

test: $(DEV) ## Run every test, on all processors; ARGS goes to pytest
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(DEV) ## Lint, formatting, types, the rules of the house, the Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/python -m pytest -q tests/test_house.py

format: $(DEV) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(DEV) ## Measure against a floor taken in the same run, or OF=records, checkpoints, listing, api, twin; options in ARGS
	@$(BIN)/python -m bench$(addprefix .,$(OF)) $(ARGS)

live: $(DEV) ## Hold a real model vendor to the contract, with a key of the settings: make live VENDOR=groq
	@test -n "$(VENDOR)" || { echo "Name a vendor, or vendor:model: make live VENDOR=groq" >&2; exit 2; }
	@$(BIN)/python -m pytest tests/llm/test_contract.py --live "$(VENDOR)" $(ARGS)

chaos: $(DEV) ## Kill processes under calls, fuzz the server, look for leaks, for some minutes; ARGS goes to pytest
	@$(BIN)/python -m pytest -s tests/chaos tests/robustness --hypothesis-profile=explore --timeout=0 $(ARGS)

lock: $(DEV) ## Renew the two lock files from pyproject.toml
	@$(call compile,requirements.lock,--extra fast --extra redis --extra reload)
	@$(call compile,requirements-dev.lock,--constraint requirements.lock --extra fast --extra redis --extra reload --extra test --extra tracing --group dev)

clean: ## Remove the virtual environment and every cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	@find app handlers hooks tests -type d -name __pycache__ -prune -exec rm -rf {} +

# The lock files name packages and versions only: no registry, no path of any machine.
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	--no-header --output-file $(1) $(2) pyproject.toml

$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	@$(call install,requirements.lock)
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@$(call install,requirements-dev.lock)
	@touch $(RUN) $@

# uv is several times as fast as pip; where it cannot be had, pip does the same.
define install
echo "Setting up $(VENV) from $(1); this happens once." && \
export PIP_DISABLE_PIP_VERSION_CHECK=1 && \
$(BIN)/python -m pip install --quiet uv 2>/dev/null; \
{ $(BIN)/uv pip install --quiet --python $(BIN)/python -r $(1) 2>/dev/null && \
  $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . 2>/dev/null; } || \
{ $(BIN)/python -m pip install --quiet -r $(1) && \
  $(BIN)/python -m pip install --quiet --no-deps -e .; }
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Cordboard needs Python 3.11 or newer, and $(PYTHON) is not." \
	    "Name another: make run PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment;" \
	    "on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
