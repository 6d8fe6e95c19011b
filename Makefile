# `make demo` and `make test` need Python 3.11 or newer and a network that reaches the Python package index.

SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help demo run test lint meaning bench torture mutants evaluate clean

help:
	@echo "make demo   try Rapport in a Slack that runs on this machine: http://localhost:3000"
	@echo "make run    serve your workspace; tokens and DATABASE_URL from the environment or .env (see .env.example)"
	@echo "make test   run the tests"
	@echo "make meaning  add the sentence encoder: messages are understood by meaning too, for 120 MB a process"
	@echo "make lint   check style and types"
	@echo "make bench  measure speed beside a bare Bolt app; takes about half an hour on a quiet machine"
	@echo "make torture  kill replicas by the hundred and count what is lost or comes twice; takes about an hour"
	@echo "make mutants  change the product for the worse, mistake by mistake, and see which test notices; takes hours"
	@echo "make evaluate DATA=folder   measure the classifier on public data"
	@echo "make clean  remove the virtual environment and caches; data in .rapport stays"

demo: $(STAMP)
	@exec $(BIN)/rapport demo

run: $(STAMP)
	@exec $(BIN)/rapport run

test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

meaning: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-meaning.lock

bench: $(STAMP)
	$(BIN)/python -m bench.run --out bench/results.json

torture: $(STAMP)
	$(BIN)/python -m bench.torture --out docs/torture.json
	$(BIN)/python -m pytest --long tests/api/test_contract.py tests/attacks/test_growth.py tests/bot/delivery/test_kills.py tests/bot/delivery/test_pace.py tests/bot/delivery/test_sender_states.py tests/bot/grammar/calendar/test_recurrence.py

mutants: $(STAMP)
	$(BIN)/python -m bench.torture.mutants

# DATA is a folder with the public data sets banking77, clinc150 and bitext, which are not part of the repository.
evaluate: $(STAMP)
	$(BIN)/python -m ml.evaluate.public_data --data "$(DATA)" --out docs/models/evaluation.json
	$(BIN)/python -m ml.evaluate.gate_power --data "$(DATA)" --out docs/models/gate.json

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --no-deps with --require-hashes: exactly what the lock names, nothing it does not.
$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	python=; \
	for candidate in "$${PYTHON:-}" $(BIN)/python python3.13 python3.12 python3.11 python3; do \
		if [ -n "$$candidate" ] && "$$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
			>/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Rapport needs Python 3.11 or newer with venv, and found none. Install it, for example with"; \
		echo "  Debian, Ubuntu: apt install python3 python3-venv     macOS: brew install python@3.13"; \
		echo "or name one: make PYTHON=/path/to/python3.13"; \
		exit 1; \
	fi; \
	if ! [ -x $(BIN)/pip ]; then echo "Making .venv with $$python"; "$$python" -m venv .venv; fi; \
	echo "Installing the locked dependencies (the first time takes a minute or two)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	touch $@
