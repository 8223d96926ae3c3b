# Each target sets up .venv by itself when it is missing or older than the project's dependencies.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: verify test lint bench soak mistakes figures docs clean

verify: .venv/installed  ## check every claim quickly; reports in report/
	$(BIN)/claims verify --profile quick --out report

test: lint  ## lint, types, and the test suite
	$(BIN)/pytest -q -n 2

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed  ## side by side with the straightforward alternatives
	$(BIN)/python -m benchmarks

soak: .venv/installed  ## the legs that draw anything, under 200 seeds; goes on where it was stopped
	$(BIN)/python -m benchmarks.soak --seeds 200 --profile full

figures: .venv/installed  ## the paper's pictures on its own data model, in docs/figures/
	$(BIN)/claims figures docs/figures

mistakes: .venv/installed  ## every formula of model/ off by 5 %: which claim notices? half an hour
	$(BIN)/python -m benchmarks.model_mistakes

docs: .venv/docs-installed  ## the documentation, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.venv/docs-installed: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv report site soak
