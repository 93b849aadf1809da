# The first Python 3.11 that has pip; one from an activated .venv has none.
PYTHON ?= $(shell for python in $$(which -a python3.11); do \
  $$python -m pip --version >/dev/null 2>&1 && echo $$python && break; done)
UV := .uv/bin/uv
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FAULTS_TESTS := $(BIN)/python -m pytest tests/faults -m faults
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-faults lint format lock audit bench clean

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## Bring uv and install the locked packages into .venv

demo: $(READY) ## Run the DAG archive_ocr over the sample archive into demo-output/
	$(BIN)/python deploy/demo.py demo-output

test: $(READY) ## Pass the tests
	$(BIN)/python -m pytest

test-faults: $(READY) ## Kill, starve and corrupt whole runs; FAULTS=1000 for the long run
	@# In two halves at a time: either mostly waits. The second is shown when it is done.
	@shown=$$(mktemp); $(FAULTS_TESTS) -k kills >$$shown 2>&1 & kills=$$!; \
	  $(FAULTS_TESTS) -k "not kills"; rest=$$?; \
	  wait $$kills; killed=$$?; cat $$shown; rm -f $$shown; exit $$((rest | killed))

lint: $(READY) ## Check format, style, types and who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(UV) ## Resolve pyproject.toml anew into requirements.lock
	$(UV) pip compile pyproject.toml --extra ocr --extra cpu --extra dev --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --quiet -o requirements.lock

audit: $(READY) ## Ask whether a locked package has a known vulnerability
	$(BIN)/python deploy/audit.py

bench: $(READY) ## Measure pages a second against other tools on the sample pages
	$(BIN)/python benchmarks/throughput.py

clean: ## Remove what these targets made
	rm -rf $(VENV) .uv demo-output

$(UV): deploy/uv.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 with pip is needed: none was found" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --root-user-action ignore --no-deps --require-hashes \
	  --upgrade --target .uv -r deploy/uv.lock
	@touch $@

$(READY): $(UV) requirements.lock pyproject.toml deploy/opencv-contrib-shim/pyproject.toml Makefile
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --require-hashes requirements.lock
	@# --no-config: pyproject.toml tells uv to leave out the name that the shim stands in for.
	$(UV) pip install --quiet --no-config --no-deps --no-build-isolation \
	  deploy/opencv-contrib-shim --editable .
	@touch $@
