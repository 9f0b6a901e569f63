# Two commands do everything: `make demo` and `make test`. They need only Python 3.11+, make and the package index.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: help demo test lint types check bench clean

help:                ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) "pip>=25.1"
	$(PIP) --editable .
	touch $@

$(VENV)/.developing: $(VENV)/.installed
	$(PIP) --editable . --group dev
	touch $@

demo: $(VENV)/.installed    ## a real MCP client talks to the server on the sandbox portal
	$(BIN)/python examples/demo.py

test: $(VENV)/.developing   ## the test suite
	$(BIN)/pytest -q

lint: $(VENV)/.developing   ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developing  ## mypy, strict
	$(BIN)/mypy

check: lint types test      ## all of the above

bench: $(VENV)/.installed   ## measurements, as ratios in one run
	$(BIN)/python benchmarks/start.py

clean:               ## forget the virtual environment
	rm -rf $(VENV)
