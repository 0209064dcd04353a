# `make demo` and `make test` need Python 3.11 or newer, make and a C compiler, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Some containers switch this on to stay small; each process would compile torch and Prefect anew, ten seconds of work.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test accessibility lint format models bench bench-privacy bench-sql bench-retag bench-encryption bench-tags bench-topics lock clean
.DEFAULT_GOAL := help

help:  ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp names what was installed, so that a second run, also without a network, skips the set-up.
$(STAMP): requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh

demo: $(STAMP)  ## set up, then run a night on the bundled recordings
	@$(BIN)/callinsight demo

# As many processes as processors: libraries that start threads of their own in each would only wait for one another.
test: $(STAMP)  ## set up, then run all tests
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# axe-core at the version and with the digest of the lock file; no scripts of packages are run.
accessibility: $(STAMP)  ## WCAG 2.1 AA of the pages, with axe-core (needs Debian's chromium and npm)
	@mkdir -p build/accessibility
	@cp tests/data/accessibility/package.json tests/data/accessibility/package-lock.json build/accessibility
	@npm ci --prefix build/accessibility --ignore-scripts --no-audit --no-fund --silent
	@$(BIN)/python -m pytest tests/e2e/test_accessibility.py

lint: $(STAMP)  ## ruff and mypy strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP)  ## let ruff mend layout and imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

models: $(STAMP)  ## rebuild the bundled models and calls from scratch (hours; needs Debian's espeak-ng)
	@sh models/recipes/build.sh $(BIN)/python

bench: $(STAMP)  ## speed and memory on an hour of audio made of the bundled calls
	@$(BIN)/python tests/bench/throughput.py

# Presidio and deduce get a virtual environment of their own, so that nothing here depends on them or on what they need.
build/peers/.installed: $(STAMP) tests/bench/peers.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/peers
	@$(BIN)/uv pip install --quiet --python build/peers/bin/python --require-hashes -r tests/bench/peers.txt
	@touch $@

bench-privacy: $(STAMP)  ## redaction per kind beside Presidio and deduce, what can be heard in review copies, what is said on hold (QUICK=1)
	@$(MAKE) --no-print-directory build/peers/.installed || echo "without Presidio and deduce, which could not be installed"
	@PYTHONPATH=tests $(BIN)/python -m bench.privacy $(if $(QUICK),--quick)
	@$(BIN)/python tests/bench/review_copies.py $(if $(QUICK),--masks-only)
	@$(BIN)/python tests/bench/hold.py

CALLS ?= 10000000
bench-sql: $(STAMP)  ## the database at 10 million calls (CALLS=1000000 for less): views, a night, loading, other databases
	@PYTHONPATH=tests $(BIN)/python -m bench.sql --calls $(CALLS)

bench-retag: $(STAMP)  ## time of tagging a history of a million turns again
	@$(BIN)/python tests/bench/retag.py

bench-encryption: $(STAMP)  ## what encryption at rest costs, and how fast the key is changed
	@PYTHONPATH=tests $(BIN)/python -m bench.encryption

bench-tags: $(STAMP)  ## hand-written sentences of every topic and of topics that sound alike, beside cues and a linear machine
	@PYTHONPATH=tests $(BIN)/python -m bench.hard_pairs
	@PYTHONPATH=tests $(BIN)/python -m bench.openings

bench-topics: $(STAMP)  ## whether topics that were left out are found again as candidates
	@$(BIN)/python tests/bench/new_topics.py

lock: $(STAMP)  ## resolve the dependencies anew
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --all-extras --upgrade --quiet pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --upgrade --quiet --group peers -o tests/bench/peers.txt

clean:  ## remove the demo's output and caches; the virtual environment stays
	@rm -rf demo demo.key* build .pytest_cache .mypy_cache .ruff_cache .hypothesis
