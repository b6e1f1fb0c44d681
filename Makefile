# The one door. `make` lists what there is; every target sets up all it needs by itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
SIDE_BY_SIDE = -n auto --dist loadfile --no-loadscope-reorder
STEP = printf '\n── %s\n'
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

.PHONY: help demo test coverage lint docs format bench proof lock clean

help:  ## List the targets
	@printf 'gatepost: targets of this Makefile\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo:  ## Show the whole product on this machine: emulated platforms, plan, firewall, history
	@scripts/setup run
	@$(BIN)/gatepost demo

test:  ## Everything CI runs: lint, types, imports, docs, tests
	@scripts/setup test
	@$(MAKE) lint
	@$(STEP) 'docs: generated pages and links'
	@$(BIN)/python scripts/docs.py --check
	@$(STEP) 'tests'
	@$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

coverage:  ## The tests again, measured: which branches no test takes
	@scripts/setup test
	@rm -f build/coverage/data*
	@COVERAGE_FILE=build/coverage/data $(BIN)/pytest $(SIDE_BY_SIDE) --cov --cov-report=term $(PYTEST_ARGS)

lint:  ## Style, types and import contracts
	@scripts/setup test
	@$(STEP) 'style'
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(STEP) 'types'
	@$(BIN)/mypy
	@MYPYPATH=src:bench:proof:scripts $(BIN)/mypy --explicit-package-bases bench/*.py proof/*.py scripts/*.py
	@$(STEP) 'imports'
	@$(BIN)/lint-imports

docs:  ## Write the generated reference pages and check every link
	@scripts/setup test
	@$(BIN)/python scripts/docs.py

format:  ## Format the code and repair what the linter can repair
	@scripts/setup test
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench:  ## Measure beside the alternatives; figures go to build/bench/
	@scripts/setup bench
	@$(BIN)/python bench/run.py $(BENCH)

proof:  ## The long instruments: packets, kills, crashes, faults, writers, model, museum, mutation, deeper laws
	@scripts/setup test
	@$(STEP) 'packets while lists change'; $(BIN)/python proof/packets.py
	@$(STEP) 'writers at once'; $(BIN)/python proof/writers.py
	@$(STEP) 'killed at every step'; $(BIN)/python proof/kills.py
	@$(STEP) 'the server killed while it is used'; $(BIN)/python proof/crashes.py
	@$(STEP) 'faults at every step'; $(BIN)/python proof/faults.py
	@$(STEP) 'anything in any order'; $(BIN)/python proof/model.py
	@$(STEP) 'bugs of others'; $(BIN)/python proof/museum.py
	@$(STEP) 'recorded histories'; $(BIN)/python proof/replay.py
	@$(STEP) 'mutants of the planner'; $(BIN)/python proof/mutation.py
	@$(STEP) 'laws'; HYPOTHESIS_PROFILE=proof $(BIN)/pytest -m 'hypothesis or thorough' $(PYTEST_ARGS)

lock:  ## Resolve requirements/*.txt anew; UPGRADE=1 takes newer versions
	@scripts/setup test
	@$(COMPILE) --extra apprise --extra callbacks --extra emulator --extra oidc --extra postgresql --extra server --group build --group bench --group oracles --group dev \
		-o requirements/test.txt
	@$(COMPILE) --extra callbacks --extra emulator --extra server --group build -c requirements/test.txt -o requirements/run.txt
	@$(COMPILE) -c requirements/test.txt -o requirements/core.txt
	@wc -l requirements/*.txt

clean:  ## Remove what the targets wrote, but not .venv
	@rm -rf build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	@find src tests bench scripts -name __pycache__ -prune -exec rm -rf {} +
