# make setup   the environment both others use, in .venv
# make run     the dashboard; honours PORT, HOST, DATABASE_URL, REGISTER and the rest of docs/settings.md
#              REGISTER=worldbank [COUNTRY=RW] fetches the World Bank's operations in a country the first time
#              REGISTER=name FILE=list.csv MAPPING=list.toml [LISTS=folder] loads a list of one's own the first time
# make serve   the same in PROCESSES processes behind nginx; one for each core if left out
# make test    everything that must hold
# make coverage  the tests again, noting the lines they run: the least covered files and the total
# make faults  the store under every fault, at length (a sample of it is in make test); prints the figures
# make bench   what figures, pages and loads take, as ratios within one run, against their budgets; writes bench.json; honours SIZES, ONLY
# make load    how long a leader waits while others do what they should not
# make numbers a thousand random changes: after each, what pages load equals fresh queries of the store
# make guards  every guard of docs/security.md taken away in turn: its test must fail
# make check   the part of it that takes less than a minute: lint, format, types, fast tests
# make lock    requirements*.txt anew from requirements*.in; UPGRADE=--upgrade also moves what those need in turn

REGISTER ?= demo
COUNTRY ?= VN
export REGISTER
# Each country's list has a store of its own.
KIND := $(REGISTER)
ifeq ($(REGISTER),worldbank)
ifneq ($(COUNTRY),VN)
override REGISTER := worldbank-$(shell echo '$(COUNTRY)' | tr 'A-Z' 'a-z')
endif
endif

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
APP_MODE ?= demo

# What fills an empty store: what is made here, what is fetched (else what was fetched before), or the operator.
FILL_demo = echo "Filling the store ..." >&2; $(PYTHON) manage.py load demo >/dev/null
FILL_worldbank = $(PYTHON) manage.py fetch worldbank --country '$(COUNTRY)' >/dev/null; \
	$(PYTHON) manage.py load worldbank --country '$(COUNTRY)' >/dev/null
FILL_own = echo "Loading $(FILE) ..." >&2; $(PYTHON) manage.py load '$(FILE)' --mapping '$(MAPPING)' \
	$(if $(LISTS),--lists '$(LISTS)') >/dev/null
FILL = $(or $(if $(FILE),$(FILL_own)),$(FILL_$(KIND)),\
	echo "The store is empty. Fill it: $(PYTHON) manage.py load FILE --mapping MAPPING.toml")
IS_FILLED = $(PYTHON) -c "import sys; from data_access import register, store; \
	sys.exit(0 if register.read_data_version(store.get_engine()) else 3)"

# Installs Debian packages: $(call install,packages,what they are for)
install = { \
	as_root=""; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	if ! command -v apt-get >/dev/null || { [ -n "$$as_root" ] && ! command -v sudo >/dev/null; }; then \
		echo "Missing: $(2). Install it ($(1) on Debian), then run make again." >&2; exit 1; \
	fi; \
	echo "Installing $(1): $(2)"; \
	$$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1); \
	}

.PHONY: setup lock run serve test tests coverage check lint style types faults bench load guards numbers chromium
.DEFAULT_GOAL := setup

setup: $(READY)

$(READY): requirements.txt requirements-dev.txt
	@command -v python3 >/dev/null || $(call install,python3 python3-venv,Python 3.11 or newer)
	@set -e; \
	if [ ! -x $(PYTHON) ]; then \
		found=""; \
		for name in python3 python3.14 python3.13 python3.12 python3.11; do \
			if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "Python 3.11 or newer is needed; python3 is $$(python3 --version)." >&2; exit 1; \
		fi; \
		$$found -c 'import ensurepip, venv' 2>/dev/null || $(call install,python3-venv,Python's venv module); \
		rm -rf $(VENV); \
		$$found -m venv $(VENV); \
	fi
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

# The options keep out of the lists what is so on one machine only: where it fetches packages from.
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE)

lock: setup
	$(COMPILE) --output-file requirements.txt requirements.in
	$(COMPILE) --output-file requirements-dev.txt requirements-dev.in

PROCESSES ?= $(shell nproc)
START_run := app.py
START_serve = manage.py serve --processes $(PROCESSES)

run serve: setup
	@$(PYTHON) manage.py init >/dev/null
	@$(IS_FILLED); filled=$$?; \
	if [ $$filled = 3 ] && [ "$(APP_MODE)" != production ]; then $(FILL); \
	elif [ $$filled != 0 ] && [ $$filled != 3 ]; then exit $$filled; fi
	@exec $(PYTHON) $(START_$@)

chromium:
	@command -v chromium >/dev/null || $(call install,chromium,the browser that the tests drive)

lint: style types

style: setup
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check

types: setup
	$(VENV)/bin/mypy

# Rooms whose tests need no page and no server.
FAST := $(addprefix tests/,architecture words files kpi paper seed_data)

check: lint
	$(VENV)/bin/pytest -n 2 --dist worksteal -m "not slow and not postgresql and not browser" $(FAST)

# Types are checked meanwhile: mypy keeps one core busy, and tests that wait for a browser leave one free now and then.
test: chromium style
	@$(MAKE) --no-print-directory --jobs 2 types tests

tests: setup
	$(VENV)/bin/pytest -n 2 --dist worksteal

# The least covered files come first, the total last. Apart from make test: noting lines takes a third of the time.
coverage: chromium setup
	$(VENV)/bin/pytest -n 2 --dist worksteal --cov --cov-report=
	@$(VENV)/bin/coverage report --sort=cover | sed -n '1,12p;$$p'

numbers: setup
	CHANGES=1000 $(VENV)/bin/pytest -n 2 --timeout 0 tests/attacks/test_numbers.py

guards: setup
	$(PYTHON) -m tests.attacks.guards

faults: chromium setup
	FAULTS=all $(VENV)/bin/pytest --timeout 0 tests/faults

bench: setup
	$(PYTHON) -m tests.benchmarks.bench

load: setup
	$(PYTHON) -m tests.benchmarks.load
