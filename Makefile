# Everything a newcomer needs: `make demo`, `make test`. Everything a developer needs: `make check`.
# Each target makes its own .venv and installs what it needs, once; pyproject.toml changing repeats it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Passed on to the program that a target runs: make test ARGS="-k relu"
ARGS   ?=

# Tests run on all cores (ARGS="-n 0": in one process, for a debugger), each of which has enough to do without threads.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

# An extra that contains others has installed those too.
contained-test := data
contained-peers := data
contained-dev  := test data

.DEFAULT_GOAL := help
.PHONY: help demo test check lint bench accuracy mutants gallery format clean clean-all
# Otherwise make takes the stamps for intermediate files and deletes them.
.SECONDARY:

help: ## list the targets
	@echo "make TARGET [PYTHON=python3.12] [ARGS=\"…\"]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.stamp-data ## derive, check and train a network on handwritten digits
	@echo "· chainrule demo"
	@$(BIN)/chainrule demo $(ARGS)

test: $(VENV)/.stamp-test ## run every test, slow ones too
	@echo "· tests: all"
	@$(PYTEST) $(ARGS)

check: lint ## the one door: format, lint, types, then layers, tests and docs (not the slow ones)
	@echo "· tests: all but the slow ones; test_layers (imports) and test_docs (README's examples) are among them"
	@$(PYTEST) -m "not slow" $(ARGS)

lint: $(VENV)/.stamp-dev ## what is checked without running anything: format, lint, types
	@echo "· format: ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "· lint: ruff check"
	@$(BIN)/ruff check .
	@echo "· types: mypy --strict"
	@$(BIN)/mypy --strict

bench: $(VENV)/.stamp-peers ## measure: a step against PyTorch, JAX and others, how deriving grows, accuracy (half an hour)
	@echo "· benchmarks"
	@$(BIN)/python -m bench $(ARGS)

accuracy: $(VENV)/.stamp-data ## what networks learn from real data, and of a language: minutes; fails below its bounds
	@echo "· accuracy"
	@$(BIN)/python -m bench accuracy characters

mutants: $(VENV)/.stamp-test ## put mistakes into the rules, one at a time, and see which tests notice (hours)
	@$(BIN)/python -m tests.mutants $(ARGS)

gallery: $(VENV)/.stamp-test ## write docs/gallery, docs/glossary.md and docs/operations.md anew
	@$(BIN)/python docs/gallery/build.py
	@$(BIN)/python docs/glossary.py
	@$(BIN)/python docs/operations.py

format: $(VENV)/.stamp-dev ## format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## remove caches, builds and the demo's output; keep .venv
	@rm -rf build dist demo-output bench/results .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
	@echo "· clean (make clean-all removes $(VENV) as well)"

clean-all: clean ## remove .venv as well
	@rm -rf $(VENV)

# A stamp, and not .venv itself: a venv without pip (no ensurepip) is left behind half made.
$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "chainrule needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo 'not there')."; \
	    echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; } >&2
	@echo "· making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { \
	    echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.stamp-%: pyproject.toml | $(VENV)/.stamp-venv
	@echo "· installing chainrule[$*] into $(VENV) (the first time takes a minute or two)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[$*]'
	@touch $@ $(patsubst %,$(VENV)/.stamp-%,$(contained-$*))
