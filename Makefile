# Everything a newcomer needs: `make demo`, then `make test`. Only Python 3.11+, pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
SOURCES = src tests benchmarks tools

.PHONY: demo test lint bench messages clean help

help:  ## show what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Epoque needs Python 3.11 or newer; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## run every experiment of the lab book and write it (HTML and PDF, two languages)
	$(BIN)/epoque demo

test: $(READY)  ## run the tests
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY)  ## check style and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

bench: $(READY)  ## measure speed and memory, and write docs/benchmarks.md
	$(BIN)/python -m benchmarks

messages: $(READY)  ## bring the French catalogue up to date
	$(BIN)/python tools/messages.py

clean:  ## remove what these commands made, except runs
	rm -rf $(VENV) book dist
