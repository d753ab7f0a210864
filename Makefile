# Every task of the project is one command: `make` lists them.
# Needed: make, and python3 (3.11 or newer) with pip. Everything else goes into .venv.
# Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
OUT ?= out/mali-2013-01

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
LEFTOVERS := $(VENV) dist docs/_build docs/reference/generated docs/tutorial/generated \
	.cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# A personal pip setting of user = true fails inside a virtual environment.
export PIP_USER := 0
# In the plain C locale Python 3.11 cannot start from a folder whose name has an accent.
ifneq ($(filter C POSIX,$(LC_ALL)),)
unexport LC_ALL
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test check docs bench constraints clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run ## set up, then answer the Mali case of January 2013 (results in out/)
	$(VENV)/bin/mobility-geo run mali-2013-01 --out "$(OUT)"

test: check ## all that CI runs: checks, tests, doctests, notebooks
	MPLBACKEND=Agg $(PY) -m pytest -n auto --dist worksteal
ifneq ($(NOTEBOOKS),)
	$(PY) -m pytest -n auto --dist worksteal --nbmake $(NOTEBOOKS)
	$(PY) -m nbstripout --verify $(NOTEBOOKS)
endif

check: $(VENV)/.dev ## the fast part of it: style, types, layers
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

docs: $(VENV)/.dev ## build the documentation in docs/_build/html; a warning is an error
	$(PY) -m sphinx -q -W --keep-going -d docs/_build/doctrees -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

bench: $(VENV)/.dev ## time the engine and assignment, score simulation (PEERS=all: beside other packages)
	$(PY) benchmarks/run.py
	$(PY) benchmarks/engine.py $(if $(PEERS),--peers $(PEERS))
	$(PY) benchmarks/assignment.py $(if $(filter all,$(PEERS)),--install)
	$(PY) benchmarks/displacement.py

constraints: $(VENV)/.dev ## pin what pyproject.toml newly asks for (all to the newest: UPGRADE=1)
	$(PIP) install -qq uv
	$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --all-extras \
		--group lint --group test --group docs --no-annotate --no-emit-index-url \
		--custom-compile-command "make constraints" $(if $(UPGRADE),--upgrade) \
		--output-file constraints.txt pyproject.toml

clean: ## remove .venv, caches and built documentation (results in out/ stay)
	rm -rf $(LEFTOVERS)
	find mobility_geo tests scripts benchmarks docs -name __pycache__ -prune -exec rm -rf {} +

# What the toolkit itself needs, at the pinned versions.
$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing mobility_geo and what it needs into $(VENV), once: this takes a minute or so"
	@$(PIP) install -qq --constraint constraints.txt hatchling
	@$(PIP) install -qq --constraint constraints.txt --no-build-isolation --editable .
	@touch $@

# Everything in constraints.txt: also the tools that check, test and document.
# pip compiles one file after the other; compileall takes every processor.
$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing mobility_geo and its tools into $(VENV), once: this takes a minute or so"
	@$(PIP) install -qq --no-compile --no-deps --requirement constraints.txt
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@$(PY) -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	@touch $(VENV)/.run $@

# Some systems ship python3 and pip without ensurepip: pip then installs itself from outside.
$(VENV)/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "mobility_geo needs Python 3.11 or newer, and '$(PYTHON)' is none."; \
		echo "Install one, or name one that is there: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
		exit 1; } >&2
	@rm -rf $(VENV)
	@"$(PYTHON)" -m venv $(VENV) >$(VENV).log 2>&1 \
		|| { "$(PYTHON)" -m venv --clear --without-pip $(VENV) \
			&& "$(PYTHON)" -m pip --quiet --python $(VENV) install pip; } >>$(VENV).log 2>&1 \
		|| { cat $(VENV).log; rm -rf $(VENV) $(VENV).log; \
			echo "'$(PYTHON)' cannot make a virtual environment: it needs venv, and ensurepip or pip."; \
			echo "On Debian and Ubuntu: apt-get install python3-venv"; \
			exit 1; } >&2
	@rm -f $(VENV).log
	@touch $@
