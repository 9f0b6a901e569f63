# Two commands do everything: `make demo` and `make test`. They need only Python 3.11+, make and the package index.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check
LOCKS  := locks
LOCKED := $(PIP) --require-hashes --requirement
SHOWN  := $(BIN)/pip install --progress-bar off --disable-pip-version-check --require-hashes --requirement
LOCK   := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
          --no-annotate --no-header --no-emit-index-url
# The package itself, from this folder: nothing is fetched for it.
ITSELF := $(PIP) --no-deps --no-build-isolation --editable .
# Counts the libraries that pip collects, so that a long installation shows progress. Errors go to stderr.
COUNTED := | awk -v all="$$(grep -c == $(LOCKS)/run.txt)" \
  '/^ *Collecting/ {printf "\r  %d of %d libraries", ++n, all; fflush()} END {if (n) print ""}'; \
  test ! -e $(VENV)/.failed
JSSDK  := @bitrix24/b24jssdk@2.2.0
MCPB   := @anthropic-ai/mcpb@2.1.2

.PHONY: help demo example pictures test lock sdk clients team conformance load files lint types check manifests mcpb bench measure clean

help:                ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml $(LOCKS)/run.txt $(LOCKS)/build.txt
	@echo "Installing b24-mcp into $(VENV), with the libraries of $(LOCKS)/run.txt:"
	@$(PYTHON) -m venv $(VENV) && rm -f $(VENV)/.failed
	@{ $(SHOWN) $(LOCKS)/run.txt || touch $(VENV)/.failed; } $(COUNTED)
	@$(LOCKED) $(LOCKS)/build.txt
	@$(ITSELF)
	@touch $@

$(VENV)/.developing: $(VENV)/.installed $(LOCKS)/dev.txt
	$(LOCKED) $(LOCKS)/dev.txt
	$(ITSELF)
	touch $@

demo: $(VENV)/.installed    ## five questions to an assistant, answered on the sandbox portal
	@$(BIN)/b24-mcp demo

example: $(VENV)/.installed ## an MCP client makes calls of every kind over stdio, and checks the answers
	$(BIN)/python examples/calls.py

pictures: $(VENV)/.developing    ## the pictures of the documentation, from real runs
	$(BIN)/python -m tests.pictures

test: $(VENV)/.developing   ## the test suite
	$(BIN)/pytest -q -n auto

.venv-sdk/.installed: tests/sdk/requirements.txt
	$(PYTHON) -m venv .venv-sdk
	.venv-sdk/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# The suites that clients carry in their source distributions.
.sdk-suites/.unpacked: tests/sdk/requirements.txt .venv-sdk/.installed
	rm -rf .sdk-suites && mkdir -p .sdk-suites/fast_bitrix24
	.venv-sdk/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest .sdk-suites \
	  $$(grep ^fast_bitrix24 $<)
	tar -xzf .sdk-suites/fast_bitrix24-*.tar.gz -C .sdk-suites/fast_bitrix24 --strip-components 1 --wildcards '*/tests/*'
	touch $@

.sdk-node/.installed: tests/sdk/run.py
	mkdir -p .sdk-node
	echo '{"private": true}' > .sdk-node/package.json
	@if command -v npm >/dev/null; then \
	  npm install --prefix .sdk-node --silent --no-audit --no-fund --save-exact $(JSSDK); \
	else echo "npm is not here: the JavaScript client is left out"; fi
	touch $@

sdk: $(VENV)/.installed .venv-sdk/.installed .sdk-suites/.unpacked .sdk-node/.installed    ## clients written by others against the sandbox
	$(BIN)/python tests/sdk/run.py

clients: $(VENV)/.developing    ## real MCP clients against the server, offline (needs npm and root, else left out)
	$(BIN)/python -m tests.clients.run

team: $(VENV)/.developing    ## a whole team server: two servers, Redis, PostgreSQL, nginx, people who log in (needs their programs)
	$(BIN)/python -m tests.team.run

conformance: $(VENV)/.developing    ## the official suite and the Inspector, offline (needs npm and root, else left out)
	$(BIN)/python -m tests.conformance.run

lint: $(VENV)/.developing   ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developing  ## mypy, strict
	$(BIN)/mypy

check: lint types test      ## all of the above

load: $(VENV)/.installed    ## 200 clients at once over HTTP, without an error
	$(BIN)/python -m benchmarks.load

lock:                ## the newest versions of all libraries, with their hashes, into locks
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check uv
	$(LOCK) --group pyproject.toml:build --output-file $(LOCKS)/build.txt
	$(LOCK) pyproject.toml --extra redis --constraint $(LOCKS)/build.txt --output-file $(LOCKS)/run.txt
	$(LOCK) pyproject.toml --extra redis --extra postgresql --extra otel --constraint $(LOCKS)/run.txt \
	  --output-file $(LOCKS)/server.txt
	$(LOCK) pyproject.toml --group dev --constraint $(LOCKS)/run.txt --output-file $(LOCKS)/dev.txt

manifests: $(VENV)/.installed    ## what each client needs, from the one description in b24_mcp/connect
	$(BIN)/python -m b24_mcp.connect

mcpb: manifests      ## the bundle for desktop programs, in dist/ (needs npm)
	rm -rf dist/mcpb && mkdir -p dist/mcpb
	cp manifests/mcpb/* LICENSE dist/mcpb/
	cp -R b24_mcp b24_sandbox dist/mcpb/ && find dist/mcpb -name __pycache__ -prune -exec rm -rf {} +
	npx --yes $(MCPB) pack dist/mcpb dist/b24-mcp.mcpb

files: $(VENV)/.installed   ## 2 GB up and down: the memory must stay flat
	$(BIN)/python -m benchmarks.files

bench: $(VENV)/.installed   ## everything that has an aim, beside a bare server and other SDKs, in one table
	$(BIN)/python -m benchmarks

measure: $(VENV)/.installed ## all other measurements
	$(BIN)/python -m benchmarks.journey
	$(BIN)/python -m benchmarks.catalog
	$(BIN)/python -m benchmarks.faults
	$(BIN)/python -m benchmarks.apply 2000
	$(BIN)/python -m benchmarks.limits
	$(BIN)/python -m benchmarks.listing
	$(BIN)/python -m benchmarks.portal_facts
	$(BIN)/python -m benchmarks.jobs

clean:               ## forget the virtual environments
	rm -rf $(VENV) .venv-lock .venv-sdk .sdk-suites .sdk-node .clients-node
