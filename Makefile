# make run: a fresh machine to Table I.  make test: everything that CI checks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
SOURCES := pyproject.toml constraints.txt

.PHONY: install run test test-all check docs clean

install: $(VENV)/installed

run: install
	$(BIN)/gensc run table1

test: $(VENV)/installed-dev check
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all: $(VENV)/installed-dev check
	$(BIN)/python -m pytest -n auto

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

$(VENV)/installed: $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable ".[dev]"
	# Key rates to check ours against; what else they ask for serves their instruments alone.
	$(PIP) --no-deps qosst-core qosst-skr
	touch $@

docs: $(VENV)/installed-docs
	$(BIN)/mkdocs build --strict

$(VENV)/installed-docs: $(VENV)/installed
	$(PIP) --editable ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
