# Everything a newcomer needs: `make demo`, then `make test`. Only Python 3.11+, pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES = src tests benchmarks tools docs hatch_build.py

.PHONY: demo studio client test lint docs check-install bench messages clean help

help:  ## show what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Epoque needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Epoque into $(VENV) …"
	$(INSTALL) -e '.[pdf,language,stylegan3]'
	@touch $@

$(VENV)/.ready-studio: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Epoque and its studio into $(VENV) …"
	$(INSTALL) -e '.[pdf,language,stylegan3,studio,client]'
	@touch $@ $(VENV)/.ready

$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Epoque and its tests' tools into $(VENV) …"
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.ready $(VENV)/.ready-studio

demo: $(VENV)/.ready  ## run every experiment of the lab book and write it (HTML and PDF, two languages)
	$(BIN)/epoque demo

client: $(VENV)/.ready-studio  ## build the studio's page (needs npm's registry once)
	@$(BIN)/python tools/client.py

studio: client  ## open every lab live in the browser
	$(BIN)/epoque studio --open

# A worker a core: more threads in each would wait for one another. tests/conftest.py says which
# files come first. What ends a worker twice would end others too.
test: $(VENV)/.ready-dev client  ## run the tests
	@$(BIN)/python tools/npm.py run -s test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart 1

lint: $(VENV)/.ready-dev client  ## check style and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python tools/npm.py run -s check

docs: $(VENV)/.ready-dev  ## build the documentation as a site: build/site
	@$(BIN)/python tools/build_docs.py

check-install: $(VENV)/.ready-dev client  ## check that all extras resolve, and that the base alone works
	$(BIN)/python tools/check_install.py

bench: $(VENV)/.ready-dev  ## measure speed and memory, and write docs/benchmarks.md
	$(BIN)/python -m benchmarks

messages: $(VENV)/.ready-dev  ## bring the French catalogue up to date
	$(BIN)/python tools/messages.py

clean:  ## remove what these commands made, except runs
	rm -rf $(VENV) book dist build web/node_modules src/epoque/studio/client
