# Each target sets up .venv by itself when it is missing or older than the project's dependencies.
PYTHON ?= python3.11
BIN := .venv/bin

# The torch of `make test-lowest`: the others are resolved to their lowest versions, torch takes gigabytes.
TORCH ?= $(shell sed -n 's/^torch==//p' constraints.txt)

.PHONY: verify test test-lowest coverage lint bench soak mistakes figures docs clean

verify: .venv/installed  ## check every claim quickly; reports in report/
	$(BIN)/claims verify --profile quick --out report

test: lint  ## lint, types, and the test suite
	$(BIN)/pytest -q -n 2 --dist worksteal

test-lowest: .venv-lowest/installed  ## tests of tool and model with the lowest versions that pyproject.toml declares
	.venv-lowest/bin/python -m pytest -q -n 2 --dist worksteal tests/refutable tests/cli tests/model

coverage: .venv/installed  ## the test suite, and the lines and branches that it never runs
	$(BIN)/pytest -q -n 2 --dist worksteal --cov --cov-report=term:skip-covered --cov-report=html

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed  ## side by side with the straightforward alternatives
	$(BIN)/python -m benchmarks

soak: .venv/installed  ## the legs that draw anything, under 200 seeds; goes on where it was stopped
	$(BIN)/claims verify --seeds 200 --profile full --out soak

figures: .venv/installed  ## the paper's pictures on its own data model, in docs/figures/
	$(BIN)/claims figures docs/figures

mistakes: .venv/installed  ## every formula of model/ off by 5 %: which claim notices? half an hour
	$(BIN)/python -m benchmarks.model_mistakes

docs: .venv/docs-installed  ## the documentation with the report of a run, in site/
	test -f report/results.json || $(BIN)/claims verify --out report
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.venv/docs-installed: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv-lowest/installed: .venv/installed
	test -x .venv-lowest/bin/python || $(PYTHON) -m venv .venv-lowest
	echo 'torch==$(TORCH)' > .venv-lowest/torch.txt
	$(BIN)/uv pip compile pyproject.toml --quiet --extra test --extra cluster --extra photographs --resolution lowest-direct \
		--python .venv-lowest/bin/python --constraint .venv-lowest/torch.txt --no-header --no-annotate \
		| grep -vE '^(cuda-|nvidia-|triton)' > .venv-lowest/requirements.txt  # for a GPU, which nothing here uses
	.venv-lowest/bin/pip install --quiet --no-deps --requirement .venv-lowest/requirements.txt editables
	.venv-lowest/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf .venv .venv-lowest report site soak htmlcov .coverage
