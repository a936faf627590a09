# Two commands: `make up` and `make test`. `make` alone lists all of them.
PYTHON ?= python3
OPS := .venv/bin/ops
.DEFAULT_GOAL := help
.PHONY: help setup up down test lint clean-tools

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: setup ## set up, start the local cloud, deploy to it, run the smoke checks
	@$(OPS) local up

test: ## set up, then every check and every test
	@$(PYTHON) tools/setup.py --test
	@.venv/bin/python tools/check.py

down: ## stop the local cloud; its data stays
	@if [ -x $(OPS) ]; then $(OPS) local down; else echo "Nothing is set up here, so nothing runs."; fi

setup: ## bring the packages and the Pulumi engine
	@$(PYTHON) tools/setup.py

lint: ## every check, without the tests
	@$(PYTHON) tools/setup.py --test
	@.venv/bin/python tools/check.py --lint

clean-tools: ## empty the folder of built tools that checkouts share
	@$(PYTHON) tools/setup.py --clean-tools
