# Everything starts here: `make reproduce` shows the main result, `make test` runs the tests.
# Another interpreter: make PYTHON=python3.12 ...    Another place for the environment: make VENV=/tmp/venv ...

VENV ?= .venv
BIN := $(VENV)/bin
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
MINOR := 'import sys; print(sys.version_info[:2])'
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && { echo $$p; break; }; done)
# How many processes share the tests; each takes some 2 GB of memory.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=worksteal
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet

.PHONY: help reproduce install install-test format test test-slow test-torch test-ray benchmark clean own-folder same-python
.DELETE_ON_ERROR:

help:
	@echo 'make reproduce   install, fetch MNIST and Fashion-MNIST, train, show the table (minutes)'
	@echo 'make test        install with the test extra, run the default tests on JAX, those of the backend on TensorFlow'
	@echo 'make test-slow   the heavier tests as well, all compiled as users'\'' runs are (an hour)'
	@echo 'make test-torch  fetch PyTorch, run the tests of the engine, the presets and the benchmark on it'
	@echo 'make test-ray    fetch Ray, run trials as its tasks'
	@echo 'make benchmark   time the engine against Keras fit, scikit-learn and PyTorch, if that is there; again to go on'
	@echo 'make format      lay out the sources, look for names that nothing defines'
	@echo 'make install     only the environment, in $(VENV)'
	@echo 'make clean       remove the environment and everything built; results and data stay'

reproduce: install
	$(BIN)/zoo data fetch mnist fashion_mnist
	$(BIN)/zoo reproduce shallow_vs_deep --budget quick

install: $(VENV)/installed
install-test: $(VENV)/installed-test

format: install-test
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

test: install-test
	KERAS_BACKEND=jax $(PYTEST)
	KERAS_BACKEND=tensorflow $(PYTEST) -m backend $(shell grep -l mark.backend tests/test_*.py)

test-slow: install-test
	KERAS_BACKEND=jax JAX_DISABLE_MOST_OPTIMIZATIONS=0 XLA_FLAGS= $(PYTEST) -m 'slow or not slow'

# PyTorch is no requirement of deepzoo. The first of these tests compare JAX with it and time it, the others run on it.
test-torch: install-test
	$(PIP_INSTALL) torch
	KERAS_BACKEND=jax $(PYTEST) -m torch tests/test_population_torch.py tests/test_benchmarks.py
	KERAS_BACKEND=torch $(PYTEST) -m backend tests/test_population.py tests/test_population_best.py \
		tests/test_population_running.py tests/test_population_bad_input.py \
		tests/test_population_compile.py tests/test_population_saved.py tests/test_example_weights.py tests/test_engine_equivalence.py \
		tests/test_pretraining.py tests/test_every_preset.py tests/test_generation.py

test-ray: install-test
	$(PIP_INSTALL) --editable '.[test,cluster]'
	KERAS_BACKEND=jax $(BIN)/python -m pytest -m 'slow or not slow' tests/test_harness_ray.py

benchmark: install-test
	$(BIN)/python tests/benchmarks/run.py

clean: own-folder
	rm -rf $(VENV) build dist deepzoo.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second call start at once; a changed setup.cfg installs again.
$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/pip same-python
	@echo 'Installing deepzoo and what it needs into $(VENV) (once; TensorFlow and JAX are large)'
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/installed-test: setup.cfg pyproject.toml | $(BIN)/pip same-python
	@echo 'Installing deepzoo with its test extra into $(VENV) (once; TensorFlow and JAX are large)'
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@ $(VENV)/installed

# An interpreter that is named has to be that of the environment that is there.
same-python: | $(BIN)/pip
ifneq ($(filter command environment,$(firstword $(origin PYTHON))),)
	@test "$$($(PYTHON) -c $(MINOR) 2>&1)" = "$$($(BIN)/python -c $(MINOR))" || { \
		echo "error: $(VENV) is of $$($(BIN)/python --version), not of $(PYTHON) ($$($(PYTHON) --version 2>&1))." >&2; \
		echo '       make clean first, or name another one: make PYTHON=$(PYTHON) VENV=/tmp/venv ...' >&2; exit 1; }
endif

# VENV may be named by hand: nothing is put into, or deleted with, a folder that is something else.
own-folder:
	@test ! -e $(VENV) || test -e $(VENV)/pyvenv.cfg || test -z "$$(ls -A $(VENV))" || { \
		echo 'error: $(VENV) is there and is no virtual environment; name another: make VENV=/tmp/venv ...' >&2; exit 1; }

$(BIN)/pip: | own-folder
	@test -n '$(PYTHON)' || { \
		echo "error: deepzoo needs Python 3.11, 3.12 or 3.13; python3 is $$(python3 --version 2>&1)." >&2; \
		echo '       Install one of them and name it: make PYTHON=/path/to/python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c '$(SUPPORTED)' || { \
		echo "error: deepzoo needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'error: $(PYTHON) cannot make virtual environments (no ensurepip).' >&2; \
		echo '       On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
