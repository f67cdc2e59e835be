# `make` prints this help. Everything a fresh machine needs is installed by these targets into .venv.
PYTHON ?= python3
VENV   := .venv
PEERS  := .peers
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# On busy cores OpenMP threads that spin while waiting slow every fit down.
export OMP_WAIT_POLICY := passive

.DEFAULT_GOAL := help
.PHONY: help demo up test chromium check lint types layers faults fmt bench screens bench-skill bench-peers clean

help:  ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## Set up, then run the main job on bundled real bars (offline after the install)
	$(BIN)/augury demo --out out/demo

up: $(VENV)/.up  ## Set up, then the API, the pages, a worker and the schedule over the demo's forecasts (Ctrl-C ends all)
	test -e out/demo/report.html || $(BIN)/augury demo --out out/demo
	$(BIN)/augury --data-dir out/demo up

# Compiled files are kept, also where the machine asks for none: hundreds of short processes read them.
test: $(VENV)/.dev chromium  ## Set up, then pass the tests (a real PostgreSQL and a real browser included)
	OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

chromium:
	@test -x /usr/bin/chromium || (apt-get update -q && apt-get install -y -q --no-install-recommends chromium) || \
	  { echo "the tests of the pages need Debian's chromium -> run as root: apt-get install chromium" >&2; exit 1; }

check: lint types layers test  ## Lint, types, the law of imports, tests

lint: $(VENV)/.dev  ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## Strict types on src
	$(BIN)/mypy

layers: $(VENV)/.dev  ## Data flows right, imports point left
	$(BIN)/lint-imports

faults: $(VENV)/.dev  ## Plant faults in a copy of the source and see the tests catch them
	$(BIN)/python tests/faults/prove.py

fmt: $(VENV)/.dev  ## Format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## Measure; one JSON line a benchmark
	$(BIN)/python benchmarks/spine.py
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/cache.py
	$(BIN)/python benchmarks/proof.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/pages.py --no-lighthouse

screens: $(VENV)/.dev chromium  ## Draw docs/screens from the real app
	$(BIN)/python benchmarks/screens.py

bench-skill: $(VENV)/.dev  ## Is there skill? Written to docs/benchmarks.md; SKILL="--data-folder DIR --quick"
	$(BIN)/python benchmarks/skill.py $(SKILL)

bench-peers: $(PEERS)/.done  ## Install what the benchmarks compare with, apart (vectorbt needs another pandas)
	@echo "now: $(BIN)/python benchmarks/features.py"

clean:  ## Remove what the targets made
	rm -rf $(VENV) $(PEERS) out .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

KERNELS := $(wildcard src/augury/features/kernels/*.[ch] src/augury/portfolio/backtest/kernels/*.[ch])

PARTS   := pyproject.toml constraints.txt $(KERNELS) src/augury/web/package.json src/augury/web/package-lock.json

$(VENV)/.demo: $(PARTS) | $(VENV)/bin/python
	$(PIP) -e '.[stats]'
	touch $@

$(VENV)/.up: $(PARTS) | $(VENV)/bin/python
	$(PIP) -e '.[stats,serve,jobs]'
	touch $@ $(VENV)/.demo

$(VENV)/.dev: $(PARTS) | $(VENV)/bin/python
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/.demo $(VENV)/.up

$(PEERS)/.done:
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet pyqlib TA-Lib polars torch==2.13.0
	$(PYTHON) -m venv $(PEERS)/vectorbt
	$(PEERS)/vectorbt/bin/python -m pip --disable-pip-version-check install --quiet vectorbt
	$(PYTHON) -m venv $(PEERS)/neuralforecast
	$(PEERS)/neuralforecast/bin/python -m pip --disable-pip-version-check install --quiet neuralforecast torch==2.13.0
	$(PYTHON) -m venv $(PEERS)/mlflow
	$(PEERS)/mlflow/bin/python -m pip --disable-pip-version-check install --quiet mlflow lightgbm
	touch $@
