# The only list of commands; CI calls only these. `make help` shows them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up down reset mails token demo test lint contracts bench chaos helm lock new-service screenshots setup

# The newest Python that the locked packages are known to work with goes first.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PORT ?= 8000
AS ?= coordinator
SERVICE ?=
NAME ?=
ARGS ?=

VENV := .venv
RUN := PYTHONPATH=deploy/local $(VENV)/bin/python
LOCAL := $(RUN) -m meldstroom_local

export PORT

setup:
	@test -n "$(PYTHON)" || { echo "Meldstroom needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) deploy/local/bootstrap.py

help: ## Show these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

up: setup ## Set up and start the whole suite at PORT (8000); Ctrl-C stops it
	@MELDSTROOM_UNDER_MAKE=1 $(LOCAL) up

down: ## Stop a running suite; its data stays
	@test -x $(VENV)/bin/python || { echo "nothing was running"; exit 0; }; $(LOCAL) down

reset: ## Stop a running suite and delete its data
	@test -x $(VENV)/bin/python || { echo "nothing was running"; exit 0; }; $(LOCAL) reset

mails: ## Print the mails that the local sink received, one JSON object per line
	@$(LOCAL) mails

token: ## Print a bearer token: make token AS=coordinator
	@$(LOCAL) token --as "$(AS)"

demo: setup ## Load 3,000 realistic reports into the running suite
	@$(RUN) -m tools.demo $(ARGS)

test: ## Set up and run every check and test; SERVICE=intake runs one block alone
	@test -n "$(PYTHON)" || { echo "Meldstroom needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) tools/awake.py -- $(PYTHON) tools/test.py $(if $(SERVICE),--service "$(SERVICE)") $(ARGS)

lint: setup ## Check style, types and import rules only
	@$(RUN) tools/test.py --only-checks

contracts: setup ## Render the contracts from the code and check them
	@$(RUN) tools/contracts.py $(ARGS)
	@$(RUN) -m tools.recording make
	@$(RUN) tools/readmes.py

bench: setup ## Measure the suite on this machine and write docs/performance.md
	@$(RUN) -m tools.bench $(ARGS)

chaos: setup ## Kill, pause and refuse while 20,000 reports travel: make chaos ARGS="--seed 7"
	@$(RUN) -m tools.chaos $(ARGS)

helm: setup ## Lint, render and validate the Helm charts
	@$(RUN) tools/helm_check.py $(ARGS)

screenshots: setup ## Take the screenshots of the README from the running suite
	@$(RUN) tools/screenshots.py $(ARGS)

lock: setup ## Renew requirements.lock from the pyproject.toml files
	@$(VENV)/bin/uv lock --upgrade
	@$(VENV)/bin/uv export --quiet --all-packages --all-groups --no-emit-workspace --no-emit-project \
		--format requirements-txt --no-header -o requirements.lock
	@$(VENV)/bin/python tools/image_locks.py

new-service: setup ## Make a new block: make new-service NAME=permits
	@$(RUN) tools/new_service.py "$(NAME)"
