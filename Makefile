# Tresen. `make help` lists what there is.
PYTHON ?= python3
PORT ?= 8000
TEST_WORKERS ?= 3
VENV_PYTHON := .venv/bin/python
THROWAWAY := $(VENV_PYTHON) -m config.embedded throwaway
export PORT
# Compiled once and kept: a start of Tresen is six processes of Python, a test run is a hundred of them.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help run test bench shell lint types style ready checks messages lock clean venv-run venv-dev

help:  ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */\1\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done
	@echo '  Settings: PORT (8000), HOST (127.0.0.1), TRESEN_VAR (var/), DATABASE_URL, REDIS_URL; docs/running.md has all.'

run: venv-run  ## start everything: PostgreSQL, Valkey, web, worker, beat; Ctrl-C stops it
	@exec $(VENV_PYTHON) -m config.embedded

test: venv-dev  ## everything that CI runs, on a PostgreSQL and a Valkey of its own
	@$(THROWAWAY) $(MAKE) --no-print-directory --jobs 2 checks

bench: venv-dev  ## benchmarks: ratios to bare Django and to PostgreSQL, measured in the same run
	@$(THROWAWAY) --durable $(VENV_PYTHON) -m tests.bench

shell: venv-dev  ## a shell with DATABASE_URL and so on of throwaway servers, to run single tests in
	@$(THROWAWAY) $${SHELL:-sh}

# Steps that need no database.
lint: types style  ## format, lint, types, import contracts, translations, compose file

types: venv-dev
	@echo 'Types ...'; SECRET_KEY=types $(VENV_PYTHON) -m mypy --no-error-summary

style: venv-dev
	@echo 'Format ...'; $(VENV_PYTHON) -m ruff format --check --quiet .
	@echo 'Lint ...'; $(VENV_PYTHON) -m ruff check --quiet .
	@echo 'Import contracts ...'; $(VENV_PYTHON) -c 'import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())' >.venv/contracts.log || { cat .venv/contracts.log; exit 1; }
	@echo 'Compose file ...'; $(VENV_PYTHON) -m check_jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	@echo 'Translations ...'; if test -e config/messages.py; then SECRET_KEY=messages $(VENV_PYTHON) -m config.messages check; fi

# Steps on the throwaway servers, inside `make test`: each takes one processor, so two go at a time; the tests take all.
ready: export LOG_LEVEL = WARNING
ready: venv-dev
	@echo 'Migrations ...'; $(VENV_PYTHON) manage.py makemigrations --check --dry-run
	@echo 'Deployment check ...'; HTTPS=1 ALLOWED_HOSTS=tresen.example $(VENV_PYTHON) manage.py check --deploy --fail-level WARNING --verbosity 0
	@echo 'Test database ...'; $(VENV_PYTHON) -m config.prepare files >/dev/null && $(VENV_PYTHON) -m tests.template

checks: export LOG_LEVEL = WARNING
checks: types style ready
	@echo 'Tests ...'; $(VENV_PYTHON) -m pytest --quiet --numprocesses $(TEST_WORKERS) --dist worksteal

messages: venv-dev  ## bring the translation catalogues up to date with the code and templates
	@SECRET_KEY=messages $(VENV_PYTHON) -m config.messages update

# uv compiles for all platforms and Python versions at once; pip-tools cannot.
UV_COMPILE = uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml
lock:  ## lock the dependencies of pyproject.toml again, with hashes (needs uv)
	$(UV_COMPILE) --output-file requirements/base.txt
	$(UV_COMPILE) --extra embedded --constraint requirements/base.txt --output-file requirements/run.txt
	$(UV_COMPILE) --extra embedded --group dev --constraint requirements/base.txt --output-file requirements/dev.txt

clean:  ## remove what tools have made; never var/, which holds data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

venv-run venv-dev: venv-%:
	@$(PYTHON) requirements/install.py $*
