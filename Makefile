# Everything starts from a bare Python 3.11: `make book`, `make test`. See `make help`.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

# Chapters and tests run side by side, with one thread each.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.NOTPARALLEL:
.PHONY: help install book test units outputs pages lint reference serve bench experiments lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

install: $(STAMP) ## set up .venv with the pinned packages

$(STAMP): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --no-cache-dir -r requirements.lock
	$(BIN)/python -m pip install --no-deps -e .
	touch $(STAMP)

book: install ## execute what has changed and build _build/html
	$(BIN)/python tools/execute.py
	$(BIN)/python tools/build.py

test: lint book units outputs pages ## everything that must pass

units: install ## the tests of the library and of the build
	$(BIN)/python -m pytest tests --ignore=tests/reference --ignore=tests/pages -n 2

outputs: install ## the chapters' outputs against the references
	$(BIN)/python tools/execute.py
	$(BIN)/python -m pytest --nbval tests/reference -n 2 --dist loadscope

pages: book ## the built pages in a browser
	$(BIN)/python -m pytest tests/pages -n 2

lint: install ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

reference: install ## write tests/reference from the executed chapters
	$(BIN)/python tools/execute.py
	$(BIN)/python tools/reference.py

serve: book ## show the book on http://localhost:8000 (PORT=...)
	$(BIN)/python -m http.server --bind localhost --directory _build/html $(PORT)

bench: install ## the library against its peers, as ratios
	$(BIN)/python -m benchmarks

experiments: install ## run or resume the full-length trainings that are not done
	$(BIN)/python -m latent.experiments --all

lock: ## pin the newest versions that pyproject.toml allows
	rm -rf _build/lock
	"$(PYTHON)" -m venv _build/lock
	_build/lock/bin/python -m pip install --no-cache-dir -e '.[book,test]'
	_build/lock/bin/python -m pip freeze --exclude-editable | _build/lock/bin/python tools/lock.py
	rm -rf _build/lock

clean: ## delete what was built, but not .venv
	rm -rf _build
