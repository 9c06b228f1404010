# One command each; `make help` lists them. Needs Python 3.11 or newer and nothing else.
.DEFAULT_GOAL := help
.PHONY: help run test check bench up soak mutants openapi constraints clean

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
PORT ?= 8000
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -c requirements/constraints.txt
export PATH := $(abspath $(BIN)):$(PATH)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.base ## the whole hub in one process on http://127.0.0.1:8000/, with demo data (PORT=8001, FRESH=1)
	@unset DATABASE_URL DJANGO_SETTINGS_MODULE; exec $(BIN)/python manage.py notifyhub_run --port $(PORT) $(if $(FRESH),--fresh)

test: $(VENV)/.test ## all tests; finds PostgreSQL, Redis and Chromium and says what was left out (ARGS="-k inbox")
	@$(BIN)/python -m tests.run $(ARGS)

check: $(VENV)/.dev ## what has to hold before a commit: format, lint, types, layers, migrations, settings, API, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(TESTING) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PUBLIC) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(MAKE) --no-print-directory openapi-check
	$(MAKE) --no-print-directory test

# The settings under which checks look at the project: those of the tests, or a public site that nothing is sent to.
TESTING := env -u DATABASE_URL DJANGO_SETTINGS_MODULE=notifyhub.settings.test
PUBLIC := env DJANGO_SETTINGS_MODULE=notifyhub.settings.production PUBLIC_URL=https://hub.example.com \
	DATABASE_URL=postgres://hub@db.example.com/hub REDIS_URL=redis://redis.example.com/0 \
	SECRET_KEY=checked-only-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM

.PHONY: openapi-check
openapi: $(VENV)/.test ## write docs/openapi.yaml anew after a change of the API
	@$(TESTING) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

openapi-check: $(VENV)/.test
	@mkdir -p var && $(TESTING) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml
	@diff -u docs/openapi.yaml var/openapi.yaml || { echo "The API changed: run 'make openapi' and read the difference."; exit 1; }

bench: $(VENV)/.test ## measure on PostgreSQL against the peers; writes benchmarks/results/
	@$(BIN)/python -m benchmarks $(ARGS)

up: $(VENV)/.production ## separate web, worker and beat processes; needs DATABASE_URL and REDIS_URL
	@test -n "$$DATABASE_URL" || { echo "make up runs on PostgreSQL: set DATABASE_URL, for instance"; \
		echo "  export DATABASE_URL=postgres://user:password@127.0.0.1:5432/notifyhub"; exit 1; }
	@test -n "$$REDIS_URL" || { echo "make up needs Redis: set REDIS_URL, for instance"; \
		echo "  export REDIS_URL=redis://127.0.0.1:6379/0"; exit 1; }
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@echo "notifyhub starts on http://$${HOST:-127.0.0.1}:$(PORT)/ (first user: manage.py createsuperuser; demo: manage.py notifyhub_demo)"
	@exec env PORT=$(PORT) $(BIN)/honcho start

soak: $(VENV)/.test ## the fault tests over and over; MINUTES=30 by default
	@NOTIFYHUB_SOAK_MINUTES=$${MINUTES:-30} $(BIN)/python -m tests.run --soak $(ARGS)

mutants: $(VENV)/.test ## break what must hold, one thing at a time, and see that tests notice (ARGS=cancel)
	@$(BIN)/python -m tests.mutants $(ARGS)

constraints: $(VENV)/.dev ## freeze the versions of this environment into requirements/constraints.txt
	@mkdir -p var
	@{ head -1 requirements/constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ '; } > var/constraints.txt
	@mv var/constraints.txt requirements/constraints.txt

clean: ## remove what running left behind: data, caches, static files (the virtualenv stays)
	rm -rf var test-artifacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# -- the virtualenv: a stamp a requirements file, so that each target installs no more than it needs ---------------
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "notifyhub needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || echo none)."; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making a virtualenv in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Could not make a virtualenv (on Debian: apt install python3-venv)."; exit 1; }

# What an installed file holds, so that nothing is installed twice.
HOLDS_base := base
HOLDS_production := base production
HOLDS_test := base production test
HOLDS_dev := base production test dev

$(VENV)/.base: requirements/base.txt
$(VENV)/.production: requirements/production.txt requirements/base.txt
$(VENV)/.test: requirements/test.txt requirements/production.txt requirements/base.txt
$(VENV)/.dev: requirements/dev.txt requirements/test.txt requirements/production.txt requirements/base.txt
$(VENV)/.base $(VENV)/.production $(VENV)/.test $(VENV)/.dev: $(VENV)/.%: requirements/constraints.txt | $(VENV)/bin/python
	@echo "Installing requirements/$*.txt (the first time takes a minute)"
	@$(PIP) -r requirements/$*.txt
	@touch $(addprefix $(VENV)/.,$(HOLDS_$*))
