# Each target first makes sure that the environment is there; nothing needs to be installed by hand but Python 3.11+.
# `make up ARGS="--https-port 443"` passes options on; environment variables work as well.

GATEWAY := .venv/bin/mcp-gateway
READY := .venv/.synced
SUPPLY_CHAIN := .tools/supply-chain

UV := $(shell command -v uv || echo .tools/bin/uv)
# What shares a stack stays in one process, and begins in the order of the files (tests/support/scheduling.py)
IN_TWO_PROCESSES := -n 2 --no-loadscope-reorder
ARGS ?=
DETACH ?=

.DEFAULT_GOAL := help
.PHONY: help up down status token certs test test-others test-clients fuzz attacks conformance faults faults-short soak soak-short test-compose postman bench audit sbom reproducible lint types clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

up: $(READY) ## Start everything and stay; DETACH=1 starts it in the background, ARGS="--https-port 443" passes options
	@$(GATEWAY) up $(if $(filter 1 yes true,$(DETACH)),--detach) $(ARGS)

down: $(READY) ## Stop what runs in the background
	@$(GATEWAY) down $(ARGS)

status: $(READY) ## Show each component, its restarts and the URLs
	@$(GATEWAY) status $(ARGS)

token: $(READY) ## Sign in and print an access token: TOKEN=$(make -s token)
	@$(GATEWAY) token $(ARGS)

certs: $(READY) ## Show the certificates; ARGS=--renew issues them anew
	@$(GATEWAY) certs $(ARGS)

test: $(READY) ## Run every test; starts what it needs
	@.venv/bin/python -m pytest $(IN_TWO_PROCESSES) $(ARGS)

test-others: $(READY) ## Run the longer tests with servers of other people behind the gateway; needs node
	@.venv/bin/python -m pytest tests/others $(ARGS)

test-clients: $(READY) ## Run real MCP clients against a gateway of their own; needs node and chromium
	@.venv/bin/python -m pytest tests/clients $(ARGS)

attacks: $(READY) ## Attack a gateway of its own in every way that docs/security.md lists
	@.venv/bin/python -m pytest tests/attacks $(IN_TWO_PROCESSES) $(ARGS)

fuzz: $(READY) ## Fuzz the Check handler and the MCP endpoint, 60 s each; ARGS="--seconds 600 check"
	@uv=$$(command -v uv || echo .tools/bin/uv); $$uv sync --quiet --frozen --inexact --group fuzz
	@.venv/bin/python -m tests.fuzz $(ARGS)

conformance: $(READY) ## Run the conformance suite of the Model Context Protocol and print a table; needs node
	@.venv/bin/python -m pytest tests/conformance -s $(ARGS)

faults: $(READY) ## Break each part under load, show that nobody gets in and that it heals, and write docs/reliability.md
	@FAULTS_FILE=docs/measured/faults.json .venv/bin/python -m pytest tests/faults $(ARGS)
	@.venv/bin/python -m tests.support.reliability

faults-short: $(READY) ## The part of them that continuous integration runs
	@.venv/bin/python -m pytest tests/faults -m short $(ARGS)

soak: $(READY) ## Load of all kinds for SOAK_SECONDS (1200): memory and descriptors stay flat; writes docs/reliability.md
	@SOAK_FILE=docs/measured/soak.json .venv/bin/python -m pytest tests/soak $(ARGS)
	@.venv/bin/python -m tests.support.reliability

soak-short: $(READY) ## The same for a minute
	@SOAK_SECONDS=60 .venv/bin/python -m pytest tests/soak $(ARGS)

test-compose: $(READY) ## Build and start the containers, run the tests against them, and remove them
	@bash .ci/compose

postman: $(READY) ## Run the Postman collection against the gateway that runs; needs node
	@bash .ci/postman native $(ARGS)

audit: $(READY) $(SUPPLY_CHAIN) ## Look for known vulnerabilities in what uv.lock installs; ends with 2 where nobody can be asked
	@$(SUPPLY_CHAIN)/bin/python -m supply_chain.audit

sbom: $(READY) ## Write sbom.cdx.json: what the gateway is made of, in CycloneDX
	@.venv/bin/python -m supply_chain.sbom sbom.cdx.json

bench: $(READY) ## Measure everything and rewrite the tables of docs/performance.md (half an hour); ARGS="PART..." only these parts, ARGS=--short only checks that all of it works
	@$(UV) sync --frozen --inexact --quiet --group bench
	@.venv/bin/python -m bench $(ARGS)

reproducible: $(READY) ## Build each image twice and compare every file; needs Docker
	@.venv/bin/python -m supply_chain.reproducible $(ARGS)

lint: $(READY) ## Check style and format
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: $(READY) ## Check types
	@.venv/bin/mypy

clean: ## Stop, and remove all that was made, Keycloak's database and download included; the certificates stay
	@if [ -x $(GATEWAY) ]; then $(GATEWAY) down; fi
	@rm -rf .gateway .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(SUPPLY_CHAIN): uv.lock $(READY)
	@UV_PROJECT_ENVIRONMENT=$@ PATH="$(CURDIR)/.tools/bin:$$PATH" uv sync --quiet --frozen --only-group supply-chain
	@touch $@

$(READY): uv.lock pyproject.toml $(wildcard */pyproject.toml) gateway/bootstrap.sh
	@sh gateway/bootstrap.sh
	@touch $@
