# Everything a person does with this checkout. `make` alone lists it.
# Works with GNU make 3.81 or later, from any directory (`make -C`, `make -f`).

ROOT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
READY := $(ROOT)/.local/ready
LOCKS := $(wildcard $(ROOT)/requirements/*.txt)
PY := .venv/bin/python
IN := cd "$(ROOT)" &&
WORKERS := auto

COMPILE := .venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-emit-index-url $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check fmt locks docs migrate advisors postgres-versions bench chaos \
	soak clean
.SUFFIXES:

# The stamp says nothing if an environment has been removed since.
ifeq ($(and $(wildcard $(ROOT)/.venv/bin/python),$(wildcard $(ROOT)/.local/ministack/bin/python)),)
.PHONY: $(READY)
endif

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' \
		"$(ROOT)/Makefile"

setup: $(READY) ## Install what everything below needs, into .venv and .local

$(READY): $(ROOT)/pyproject.toml $(LOCKS) $(ROOT)/dev/setup.sh
	@$(IN) PYTHON="$(PYTHON)" sh dev/setup.sh

run: $(READY) ## Run the whole system on this machine, with a short story; Ctrl-C ends it
	@$(IN) exec $(PY) -m dev run

demo: $(READY) ## The same, ending with a summary; fails if a step did not happen
	@$(IN) exec $(PY) -m dev demo

test: $(READY) ## Run every test, against real servers (WORKERS=1: one at a time)
	@$(IN) exec $(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile

check: $(READY) ## Formatting, lint, types, import rules, unit and property tests
	@$(IN) $(PY) -m ruff format --check --quiet . \
		&& $(PY) -m ruff check --quiet . \
		&& $(PY) -m mypy \
		&& .venv/bin/lint-imports \
		&& $(PY) -m pytest --quiet --numprocesses $(WORKERS) tests/unit tests/properties

fmt: $(READY) ## Format, and repair what lint can repair
	@$(IN) $(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format .

locks: $(READY) ## Compile requirements/*.txt from pyproject.toml (UPGRADE=-U: to the newest)
	@$(IN) for name in bootstrap ministack; do \
		$(COMPILE) requirements/$$name.in -o requirements/$$name.txt || exit 1; done
	@$(IN) $(COMPILE) pyproject.toml --extra dev --constraint requirements/bootstrap.in \
		-o requirements/dev.txt
	@$(IN) for service in ingress router classifier sender control cli; do \
		$(COMPILE) pyproject.toml --extra $$service --constraint requirements/dev.txt \
			-o requirements/$$service.txt || exit 1; done

docs: $(READY) ## Write the pages of docs/ that are made from the code
	@$(IN) $(PY) -m dev.settings_page && $(PY) -m dev.errors_page && $(PY) -m dev.openapi_page \
		&& exec $(PY) -m dev.campaign_pages

migrate: $(READY) ## Bring the database at DATABASE_URL up to date
	@$(IN) exec $(PY) -m switchboard.db.migrate

advisors: $(READY) ## Let Supabase's linter look at the schema (needs npm)
	@$(IN) exec $(PY) -m dev advisors

postgres-versions: $(READY) ## Run the database's tests on PostgreSQL 15, 16, 17 and 18
	@$(IN) exec $(PY) -m dev postgres-versions

bench: $(READY) ## Measure, each figure beside its baseline
	@$(IN) exec $(PY) -m bench

chaos: $(READY) ## Break everything under load, and judge (SEED=, SEEDS=, MINUTES=, PLANT=)
	@$(IN) exec $(PY) -m tools.chaos $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(PLANT),--plant $(PLANT))

soak: $(READY) ## An ordinary day, with lost webhooks, counted at the end (HOURS=, MINUTES=)
	@$(IN) exec $(PY) -m tools.soak $(if $(HOURS),--hours $(HOURS)) $(if $(MINUTES),--minutes $(MINUTES))

clean: ## Remove what setup and runs made: environments, local data, caches
	@$(IN) rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	@$(IN) find . -name __pycache__ -type d -prune -exec rm -rf {} +
