# The lab's door. Every target does its own set-up and needs no active environment; `make` alone lists them.
# After the first time none of them needs the network, as long as .venv, .asv and .cache stay.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:

PYTHON ?= python3
KERNELS ?=
TIER ?= smoke
PROCESSES ?= 6
BASE ?=
HEAD ?= HEAD
BUDGET ?= 10m
PYTEST_ARGS ?= -m "not slow" -n 2 --dist worksteal

PY := .venv/bin/python
WHEEL_DIR := .cache/wheel
FLOORS := .cache/floors-venv/bin/python
SUT := pyproject.toml rust-toolchain.toml LICENSE $(shell find kernels_rs reference_py -name target -prune -o ! -name '*.pyc' ! -name __pycache__ -print 2>/dev/null)
CHECKED = $(SUT) requirements.lock $(shell find benchmarks inputs lab reports tests -name '*.py' 2>/dev/null)
LINTED := .cache/stamps/lint$(if $(filter true,$(CI)),-in-ci)

# One Cargo target for the lab's wheel, asv's wheels and the Rust tests; PyO3 asks this interpreter and no other.
export CARGO_TARGET_DIR := $(CURDIR)/.cache/cargo-target
export PYO3_PYTHON := $(CURDIR)/$(PY)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONNOUSERSITE := 1
# What a git hook, another environment or a debugging session leaves behind; the lab itself passes on what its list has.
unexport VIRTUAL_ENV CONDA_PREFIX $(filter-out PYTHON PYTHONNOUSERSITE PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONUTF8 \
  GIT_CONFIG_% GIT_SSL_% GIT_DISCOVERY_%,$(filter GIT_% PYTHON% NUMBA_% EOKERNELS_% MATURIN_% PIP_CONSTRAINT PIP_TARGET \
  PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV,$(.VARIABLES)))

# A Python that is asked for and is another than that of .venv, or one that is gone, makes the environment anew; without
# being asked for, the one that is there stays.
TAG = import sys; print(sys.implementation.cache_tag + sys.abiflags)
ifneq ($(wildcard .venv/.python),)
  HAVE := $(shell $(PY) -c '$(TAG)' 2>/dev/null)
  WANT := $(if $(filter file,$(origin PYTHON)),$(HAVE),$(shell '$(PYTHON)' -c '$(TAG)' 2>/dev/null))
  ifneq (was $(HAVE),was $(or $(WANT),nothing))
    .PHONY: .venv/.python
  endif
endif

# cargo fmt does not see the modules that the list of kernels makes.
LISTED_RS = kernels_rs/src/kernels/*.rs kernels_rs/src/python/signatures/*.rs
CARGO_FLAGS := --locked --manifest-path kernels_rs/Cargo.toml

# Lints and formatting differ from one minor version of Rust to the next: they are fatal in continuous integration, and
# there with this version alone. With any other, and on anybody's own machine, they are printed.
LINTS_OF := 1.95
RUST_MINOR = $(shell rustc --version 2>/dev/null | sed -nE 's/^rustc ([0-9]+\.[0-9]+)\..*/\1/p')
LINTS_ARE_FATAL = $(and $(filter true,$(CI)),$(filter $(LINTS_OF),$(RUST_MINOR)))
NOT_FATAL = note: this is Rust $(RUST_MINOR) and CI=$(CI); what rustfmt and clippy say is fatal with Rust $(LINTS_OF) and CI=true alone
CLIPPY_FLAGS = $(if $(LINTS_ARE_FATAL),-D warnings,--cap-lints warn)

.PHONY: help checkout setup quick data peers verify report bench smoke gate ratios baseline calibrate dashboard history test test-rust test-floors test-slow test-environments lint lint-rust lint-python format clean

help: ## list the targets
	@printf 'make <target>   (first time: needs the network; afterwards: does not)\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  \1\t\2/' | expand -t 14
	@printf '\nVariables: PYTHON=python3.12 · KERNELS="temporal_median" · TIER=core · PROCESSES=12 · BUDGET=20m · PYTEST_ARGS="-k cli"\n'

report: checkout setup data ## verify, measure the smoke and centre cases, write the report (a quarter of an hour on 2 cores)
	$(PY) -m lab verify $(KERNELS)
	$(PY) -m lab run --tier $(TIER) --centre --processes $(PROCESSES) $(KERNELS)
	$(PY) -m lab report

bench: TIER := core
bench: checkout peers report ## the same over every core case, with the peers that have to be built (50 minutes or less)

smoke: checkout setup data ## the main job in small: verify, measure the smoke cases, report
	$(PY) -m lab verify $(KERNELS)
	$(PY) -m lab run --tier smoke --processes $(PROCESSES) $(KERNELS)
	$(PY) -m lab report

data: setup .cache/stamps/data ## fetch the real Sentinel-2 cube once, checked, and show the inputs

peers: setup .venv/.peers ## build the peers for which no wheel fits (a minute, once); reports go without them

verify: setup data ## every implementation against the contract
	$(PY) -m lab verify $(KERNELS)

gate: checkout setup data ## tell what became slower from BASE to HEAD: make gate BASE=main
	@[ -n '$(BASE)' ] || { echo 'error: name the older commit: make gate BASE=main' >&2; exit 2; }
	@mkdir -p reports/latest
	$(PY) -m lab gate '$(BASE)' '$(HEAD)' --budget '$(BUDGET)' --markdown reports/latest/gate.md $(foreach k,$(KERNELS),--kernel $(k))

# Ratios scatter more from process to process than a report shows, and more processes decide more cells.
ratios baseline: PROCESSES := 12

ratios: checkout setup data ## tell what fell against expert NumPy since earlier runs, where one commit alone can be measured
	$(PY) -m lab run --tier $(TIER) --processes $(PROCESSES) $(KERNELS)
	@mkdir -p reports/latest
	$(PY) -m lab ratios --markdown reports/latest/ratios.md $(foreach k,$(KERNELS),--kernel $(k))

baseline: checkout setup data ## measure a run and keep its ratios in reports/record/ratios, for `make ratios` to compare with
	$(PY) -m lab run --tier $(TIER) --processes $(PROCESSES)
	$(PY) -m lab ratios --keep

calibrate: checkout setup data ## learn for a while how often the gate errs, and keep it in the ledger
	$(PY) -m lab calibrate --kind same --slice '$(BUDGET)'
	$(PY) -m lab calibrate --kind injected --slice '$(BUDGET)'

dashboard: setup ## asv's history as an offline page, served on loopback
	$(PY) -m lab dashboard

history: checkout setup data ## measure the last five commits of the main line and keep them in reports/record (an hour or less)
	$(PY) -m lab history $(KERNELS)
	$(PY) -m lab record

test: setup $(LINTED) .cache/stamps/test-rust ## lint and Rust tests without Python, where sources are new; pytest
	$(PY) -m pytest $(PYTEST_ARGS)

# What has passed is not asked again before a source changes; what was only printed has not passed in CI.
$(LINTED): $(CHECKED)
	@$(MAKE) --no-print-directory lint
.cache/stamps/test-rust: $(SUT)
	@$(MAKE) --no-print-directory test-rust

test-rust: ## the Rust tests alone; they need no Python
	cargo test $(CARGO_FLAGS) --no-default-features
	@mkdir -p .cache/stamps && touch .cache/stamps/$@

test-floors: setup ## labelled arrays, dask and contract with the oldest versions that pyproject.toml declares
	@if ! $(PY) benchmarks/environment/floors.py >/dev/null; then echo 'note: the floors are not tried with this Python'; \
	else $(MAKE) --no-print-directory .cache/stamps/floors && \
	  $(FLOORS) -m pytest -n 2 tests/kernels/test_xarray.py tests/kernels/test_attributes.py tests/kernels/test_dimensions.py tests/kernels/test_parts.py tests/kernels/test_streamed.py && \
	  $(FLOORS) -m lab verify -i rust -i numpy -i numba -d int16 $(KERNELS); fi

test-slow: setup ## the tests that build wheels or run asv (minutes)
	$(PY) -m pytest -m slow

test-environments: setup ## the smoke of one kernel in the environments in which people run it, as a table (10 minutes or more)
	$(PY) tests/house/environments.py

lint: lint-rust lint-python ## rustfmt, clippy, ruff, mypy
	@mkdir -p $(dir $(LINTED)) && touch $(LINTED)

lint-rust: .venv/.requirements
	cargo fmt --manifest-path kernels_rs/Cargo.toml --check $(if $(LINTS_ARE_FATAL),,|| true)
	rustfmt --check $(LISTED_RS) $(if $(LINTS_ARE_FATAL),,|| true)
	cargo clippy $(CARGO_FLAGS) --all-targets --no-default-features -- $(CLIPPY_FLAGS)
	cargo clippy $(CARGO_FLAGS) --all-targets -- $(CLIPPY_FLAGS)
	@$(if $(LINTS_ARE_FATAL),:,echo '$(NOT_FATAL)')

lint-python: .venv/.requirements
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: .venv/.requirements ## rewrite the sources as rustfmt and ruff want them
	cargo fmt --manifest-path kernels_rs/Cargo.toml
	rustfmt $(LISTED_RS)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean: ## remove environments, builds and pages; keep measurements and downloaded data
	rm -rf .venv .asv/env .asv/html $(WHEEL_DIR) .cache/asv-env .cache/floors-venv .cache/wheels .cache/cargo-target .cache/quick-target .cache/peers .cache/stamps reports/latest
	rm -rf .mypy_cache .ruff_cache .hypothesis

checkout:
	@GIT_CEILING_DIRECTORIES='$(dir $(CURDIR))' git rev-parse --verify --quiet HEAD >/dev/null 2>&1 || { \
	  echo 'error: this directory is no git checkout with a commit, and commits are what is measured: clone the repository;' \
	    '`make verify` and `make test-floors` do without' >&2; exit 2; }

setup: .venv/.wheel ## the environment with exact pins, and the wheel in it

quick: .venv/.requirements ## build for editing, without link-time optimisation (seconds after the first time); no clock takes it
	@rm -f .venv/.wheel .venv/.wheel.sha256
	$(PY) benchmarks/environment/quick_build.py

.venv/.python:
	@command -v '$(PYTHON)' >/dev/null || { echo 'error: $(PYTHON) is not on the PATH; name a Python: make PYTHON=/path/to/python3.12' >&2; exit 2; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is $$('$(PYTHON)' -V 2>&1), and the lab needs 3.11 or newer; name another: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo 'error: $(PYTHON) cannot make environments (no venv or ensurepip); on Debian and Ubuntu: apt-get install python3-venv' >&2; exit 2; }
	'$(PYTHON)' -m venv --clear .venv
	@touch $@

.venv/.requirements: .venv/.python requirements.lock
	$(PY) -m pip install --quiet -r requirements.lock
	@touch $@

.venv/.wheel: .venv/.requirements $(SUT)
	@command -v cargo >/dev/null || { echo 'error: cargo is not on the PATH; a stable Rust toolchain builds the kernels: see rustup' >&2; exit 2; }
	rm -rf $(WHEEL_DIR)
	mkdir -p $(WHEEL_DIR)
	$(PY) benchmarks/environment/wheel.py . $(WHEEL_DIR)
	@sum=$$(sha256sum $(WHEEL_DIR)/*.whl | cut -d' ' -f1); \
	if [ "$$(cat .venv/.wheel.sha256 2>/dev/null || true)" != "$$sum" ]; then \
	  $(PY) -m pip install --quiet --no-deps --no-index --force-reinstall $(WHEEL_DIR)/*.whl; \
	  echo "$$sum" > .venv/.wheel.sha256; \
	fi
	@touch $@

# An environment of its own. NumPy is read from wheels alone: to compile an old one would take minutes.
.cache/stamps/floors: pyproject.toml benchmarks/environment/floors.py benchmarks/environment/floors.lock .venv/.wheel
	@mkdir -p $(@D)
	@sum=$$({ cat pyproject.toml benchmarks/environment/floors.py benchmarks/environment/floors.lock; $(PY) -c '$(TAG)'; } | sha256sum); \
	if [ "$$(cat .cache/floors-venv/.floors 2>/dev/null || true)" != "$$sum" ]; then \
	  $(PY) -m venv --clear .cache/floors-venv && \
	  $(FLOORS) -m pip install --quiet --only-binary :all: $$($(PY) benchmarks/environment/floors.py) -r benchmarks/environment/floors.lock && \
	  echo "$$sum" > .cache/floors-venv/.floors; \
	fi
	$(FLOORS) -m pip install --quiet --no-deps --no-index --force-reinstall $(WHEEL_DIR)/*.whl
	@touch $@

# Without the network the lab goes on with synthetic inputs and says which cells it skipped.
.cache/stamps/data: | .venv/.wheel
	@mkdir -p $(@D)
	@if $(PY) -m lab data --fetch; then touch $@; else \
	  echo 'note: the real cube is not here and could not be fetched; its cases are skipped, and the next call tries again' >&2; fi

# Where the build fails, without the network for one, the arms of that peer are left out.
.venv/.peers: benchmarks/peers/built.lock | .venv/.requirements
	@if $(PY) benchmarks/peers/build.py; then touch $@; else \
	  echo 'note: the reports go without that peer, and the next call tries again' >&2; fi
