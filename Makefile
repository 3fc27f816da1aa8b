# make demo: the main job, no account and no cloud. make test: all tests of every day. Both set up what they need.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# From the one place that states it.
OLDEST_SDK := $(shell sed -n 's/.*"pulumi>=\(.*\),<.*/\1.0/p' pyproject.toml)
MERMAID := 12.3.0
# Tests and demo start hundreds of Pythons: what one compiles is kept for the next.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo playground check test test-all kill-matrix mutants engine browser pythons opentofu lint types format reference walk picture simulator-picture docs dist release bench bench-simulator clean

help:
	@echo "make demo      the main job on the real engine against a simulated cloud, half a minute; STEP=1 waits between steps"
	@echo "make playground  a simulated cloud and a stack that is ready, for your own pulumi commands; Ctrl-C removes it"
	@echo "make check     lint, types and the tests that take no time, under a minute"
	@echo "make test      lint, types and the tests of every day, engine tests included; five minutes"
	@echo "make test-all  the same and the long ones, with coverage; an hour and three quarters"
	@echo "make kill-matrix  every kill of a rebuild at every point, on the real engine; twenty minutes"
	@echo "make mutants   wrong changes of the code that decides about wipes; which ones no test notices; some hours"
	@echo "make engine    find, install or build the Pulumi engine; its folder is the last line"
	@echo "make browser   find or install the browser in which make test-all looks at the simulator's page"
	@echo "make pythons   environments with the other Pythons that are here, for make test-all"
	@echo "make opentofu  build the tofu command and a stand-in for its provider, for make test-all; some minutes, once"
	@echo "make bench     all benchmarks, half an hour and more; parts: .venv/bin/python benchmarks/run.py --help"
	@echo "make bench-simulator  what the simulator bears; results go to docs/simulator.md by hand"
	@echo "make format    format and mend what can be mended"
	@echo "make reference  write docs/inputs.md from the table of inputs"
	@echo "make walk      write the walk of one create into docs/architecture.md"
	@echo "make picture   record the README's picture of the wipe warning; seconds"
	@echo "make simulator-picture  photograph the simulator's page for docs/simulator.md; seconds"
	@echo "make docs      build the documentation site into .cache/docs and check its links, half a minute"
	@echo "make dist      build sdist and wheel into dist/ and try both, some minutes"
	@echo "make release VERSION=0.2.0  cut the changelog and set the version, or say what stands against it"
	@echo "make clean     remove what the other targets made, except the engine"

demo: .venv/ready .cache/engine/ready
	@$(BIN)/python tools/demo.py $(if $(STEP),--step)

playground: .venv/ready .cache/engine/ready
	@$(BIN)/python tools/playground.py

check: lint types
	@echo "tests: running those that take no time ..."
	@$(BIN)/python -m pytest -q -n 2 -m "not slow and not engine" tests/unit tests/rebuild tests/health tests/api

# Two at once on each of two cores: an engine test often waits.
test: lint types .venv-sdk-oldest/ready .cache/engine/ready
	@echo "tests: running ..."
	@$(BIN)/python -m pytest -n 4 --dist loadfile -m "not slow"

test-all: lint types browser pythons .venv-sdk-oldest/ready .cache/engine/ready .cache/actionlint/actionlint opentofu docs
	@echo "tests: running all, the long ones too ..."
	@COVER_PLUGINS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered
	@$(MAKE) --no-print-directory kill-matrix

kill-matrix: .venv/ready .cache/engine/ready
	@$(BIN)/python tools/kill_matrix.py

# What was tried before is kept in mutants/, and tried again only where code or tests have changed. The output goes through
# a pipe: tests of a full disk limit the size of files, and a log that mutmut wrote to would end the whole run.
mutants: .venv/ready
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mutmut run 2>&1 | cat
	@$(BIN)/mutmut results

engine: .venv/ready
	@$(BIN)/python tools/engine.py

# Only as root of a Debian or Ubuntu is it installed; elsewhere the message says what is missing.
browser:
	@if ! { command -v chromium && command -v chromedriver; } > /dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
			echo "set-up: chromium and its driver, as packages (once) ..."; \
			apt-get update -qq && apt-get install -y -qq chromium chromium-driver > /dev/null; \
		else \
			echo "set-up: the tests of the simulator's page need the commands chromium and chromedriver;" >&2; \
			echo "on Debian: apt-get install chromium chromium-driver. make test does without them." >&2; exit 1; \
		fi; \
	fi

# What depends on Python itself is tested with each that is here.
pythons: .venv/ready
	@$(BIN)/python tools/pythons.py $(OLDEST_SDK)

opentofu: .cache/opentofu/tofu .cache/opentofu/terraform-provider-zenlayercloud

lint: .venv/ready
	@echo "lint: ruff ..."
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "lint: import contracts ..."
	@found=$$($(BIN)/lint-imports --no-cache --no-logo 2>&1) || { echo "$$found"; exit 1; }

types: .venv/ready
	@echo "types: mypy --strict ..."
	@$(BIN)/mypy

format: .venv/ready
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

reference: .venv/ready
	@$(BIN)/python tools/reference.py

walk: .venv/ready
	@$(BIN)/python tools/walk.py --write

picture: .venv/ready .cache/engine/ready
	@$(BIN)/python tools/picture.py

simulator-picture: .venv/ready browser
	@$(BIN)/python tools/simulator_picture.py

docs: .venv/docs .cache/mermaid/mermaid.esm.min.mjs
	@$(BIN)/python tools/documentation.py

dist: .venv/dist .cache/engine/ready
	@$(BIN)/python tools/dist.py

release: .venv/ready
	@$(BIN)/python tools/release.py '$(VERSION)'

bench: .venv/ready .cache/engine/ready
	@$(BIN)/python benchmarks/run.py

bench-simulator: .venv/ready
	@$(BIN)/python benchmarks/simulator_load.py

clean:
	rm -rf .venv .venv-sdk-oldest .venv-pythons .cache mutants .coverage* .mypy_cache .ruff_cache .pytest_cache

.venv/ready: pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "set-up: $(PYTHON) is older than Python 3.10; run: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "set-up: virtual environment .venv with the development tools (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt --group dev
	@touch $@

# What a few targets need besides, so that make test does not wait for it.
.venv/docs .venv/dist: .venv/%: .venv/ready
	@echo "set-up: what make $* needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group $*
	@touch $@

# Draws the pictures in the browser. It is part of the site, so that nothing is loaded from elsewhere.
.cache/mermaid/mermaid.esm.min.mjs:
	@echo "set-up: mermaid $(MERMAID) from npm (once) ..."
	@mkdir -p $(@D)
	@npm pack --silent --pack-destination .cache mermaid@$(MERMAID) > /dev/null
	@tar xzf .cache/mermaid-$(MERMAID).tgz -C $(@D) --strip-components 2 --exclude '*.map' \
		package/dist/mermaid.esm.min.mjs package/dist/chunks/mermaid.esm.min
	@rm .cache/mermaid-$(MERMAID).tgz
	@touch $@

# The oldest SDK that is supported, so that the engine tests run on it too.
.venv-sdk-oldest/ready: pyproject.toml requirements.txt
	@echo "set-up: virtual environment with Pulumi SDK $(OLDEST_SDK) (once) ..."
	@$(PYTHON) -m venv .venv-sdk-oldest
	@.venv-sdk-oldest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@.venv-sdk-oldest/bin/python -m pip install --quiet --requirement requirements.txt pulumi==$(OLDEST_SDK)
	@touch $@

.cache/engine/ready: .venv/ready tools/engine.py tools/language_host/pulumi-language-python tools/engine/go.mod
	@$(BIN)/python tools/engine.py --with-language-host .cache/engine > /dev/null
	@mkdir -p .cache/engine && touch $@

# Reads GitHub workflows as GitHub does.
.cache/actionlint/actionlint: tools/actionlint/go.mod tools/actionlint/go.sum
	@echo "set-up: actionlint from the Go module proxy (once) ..."
	@mkdir -p $(@D)
	@cd tools/actionlint && CGO_ENABLED=0 go build -trimpath -o ../../$@ github.com/rhysd/actionlint/cmd/actionlint
	@touch $@

# The real command, which the tests of Terraform's states and of its plans run.
.cache/opentofu/tofu: tools/opentofu/go.mod tools/opentofu/go.sum
	@echo "set-up: OpenTofu from the Go module proxy (once, some minutes) ..."
	@mkdir -p $(@D)
	@cd tools/opentofu && CGO_ENABLED=0 go build -trimpath -o ../../$@ github.com/opentofu/opentofu/cmd/tofu
	@touch $@

# The provider comes from Terraform's own registry, which the tests do without; Terraform finds this one by its name.
.cache/opentofu/terraform-provider-zenlayercloud: $(wildcard tools/terraform_provider/*)
	@echo "set-up: a stand-in for the Terraform provider (once) ..."
	@mkdir -p $(@D)
	@cd tools/terraform_provider && CGO_ENABLED=0 go build -trimpath -o ../../$@ .
	@touch $@
