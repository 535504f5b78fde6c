# Everything starts from a fresh clone: Python 3.11, make and a package registry are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
WORKERS ?= 2
export LITELLM_LOCAL_MODEL_COST_MAP := True
# What was compiled once is kept, whatever the environment says of it: the many programs that tests start would each
# compile all that they import, which takes longer than what they do.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode

.DEFAULT_GOAL := help
.PHONY: help install demo browser test check format lint types imports docs licences bench-licences bench-speed bench-privacy bench-routing bench-money default-model names-model prices clean lock policies

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml requirements.lock gateway/demo/model.lock
	@echo "Setting up $(VENV) (about half a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --require-hashes -r requirements.lock -r gateway/demo/model.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --editable .
	@touch $@

install: $(VENV)/.installed  ## Make the environment

demo: install  ## Route sixty requests over two real models and a stand-in for the closed API
	@$(BIN)/gateway demo

browser:
	@bash tests/support/install_browser.sh

test: install browser  ## Run the tests with branch coverage
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --cov --cov-report=term-missing:skip-covered --cov-fail-under=95

check: format lint types imports policies licences test docs  ## All that CI runs

format: install
	$(BIN)/ruff format --check .

lint: install
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

policies: install
	$(BIN)/gateway policy check policies/*.yaml gateway/demo/policy.yaml
	$(BIN)/gateway policy test policies/*.yaml gateway/demo/policy.yaml

licences: install  ## Check what this project owes for its own models, data and dependencies
	$(BIN)/gateway licences check --no-traffic --policy .ci/licences/policy.yaml --parts .ci/licences/parts.yaml
	$(BIN)/gateway licences notice --configured --policy .ci/licences/policy.yaml --parts .ci/licences/parts.yaml --compare NOTICE

docs: install  ## Build the documentation into site/, strictly
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file - < docs/mkdocs.yml

bench-speed: install  ## CPU per call beside aiohttp, httpx, litellm and LiteLLM's Router
	$(BIN)/python tests/bench/speed.py

bench-licences: install  ## Whether licences are told apart, concluded, kept and written to the letter
	PYTHONPATH=tests $(BIN)/python tests/bench/licences.py $(SECTIONS)

bench-privacy: install  ## What the detectors see, and what the boundary holds back (GATEWAY_BENCH_DATA)
	PYTHONPATH=tests $(BIN)/python tests/bench/privacy.py $(SECTIONS)

bench-money: $(VENV)/.bench  ## What the accounting promises; SECTIONS="example prices" for some
	PYTHONPATH=tests $(BIN)/python tests/bench/money.py $(SECTIONS)

$(VENV)/.bench: $(VENV)/.installed tests/bench/requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --require-hashes -r tests/bench/requirements.lock
	@touch $@

bench-routing: $(VENV)/.bench  ## How well it routes on the public sets (GATEWAY_BENCH_DATA); SECTIONS="mmlu speed" for some
	$(BIN)/python tests/bench/routing.py $(SECTIONS)

default-model: $(VENV)/.bench  ## Build the difficulty model that ships, anew from the public sets (GATEWAY_BENCH_DATA)
	PYTHONPATH=. $(BIN)/python examples/default_model/build.py

$(VENV)/.names: $(VENV)/.bench examples/names_model/requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --require-hashes -r examples/names_model/requirements.lock
	@touch $@

names-model: $(VENV)/.names  ## Build the model of names that ships, anew from open lists (GATEWAY_BENCH_DATA)
	PYTHONPATH=. $(BIN)/python examples/names_model/build.py

prices: install  ## Build the price list that ships, anew from genai-prices and litellm
	$(BIN)/python examples/price_snapshot/build.py

lock:  ## Resolve the dependencies anew
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra analytics --extra embedded --extra analytics --extra metrics --extra otel --extra prices --extra postgres --group dev --group docs pyproject.toml -o requirements.lock
	echo "pyarrow>=20" | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  - -o tests/bench/requirements.lock
	printf "faker>=40\nnames>=0.3\ngeonamescache>=2\n" | uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header - -o examples/names_model/requirements.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache site dist htmlcov .coverage
