# Two commands do everything: `make demo` and `make test`. Both need only Python 3.11+, make and the package index.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint types check bench clean help

help:                ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $(READY)

demo: $(READY)       ## a real MCP client talks to the server over stdio, on the sandbox portal
	$(BIN)/python -m tests.demo

test: $(READY)       ## the test suite
	$(BIN)/pytest -q

lint: $(READY)       ## ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)      ## mypy, strict
	$(BIN)/mypy

check: lint types test

bench: $(READY)      ## measurements, as ratios in one run
	$(BIN)/python benchmarks/start.py

clean:
	rm -rf $(VENV)
