# Nightdesk: every command on one environment, .venv, which is made on first use.
# Needs Python 3.11 with venv, git and make; the rest comes pinned with hashes.

SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.synced
PINS := requirements-bootstrap.txt requirements.txt requirements-dev.txt
export UV_PYTHON_DOWNLOADS := never
export PYTHONUNBUFFERED := 1
# HOST and TLS for run, FOOTAGE and EXPECT for smoke, ONLY for bench, ARGS for pytest and others.
export HOST TLS FOOTAGE EXPECT ONLY

.DEFAULT_GOAL := help
.PHONY: help env run test smoke bench chaos soak lint format screenshots lock clean

help:
	@echo "make run          the whole product with its simulated world (HOST=name TLS=1 for https)"
	@echo "make test         lint, then the whole suite on throw-away servers (ARGS='-k word' for pytest)"
	@echo "make smoke        the main job, headless (FOOTAGE=video.mp4 EXPECT=incident|none)"
	@echo "make bench        figures against goals (ONLY=line)"
	@echo "make chaos        faults while intrusions flow; make soak: hours of ordinary work"
	@echo "make lint         style, types, imports, templates, untranslated text; make format repairs style"
	@echo "make screenshots  pictures of the running product"
	@echo "make lock         compile the pinned requirements anew; make clean removes the environment"

env: $(STAMP)

# Synced again only when a requirements file is newer than the stamp.
$(STAMP): $(PINS)
	@test -x $(PY) || { echo "[1/3] making the environment .venv"; $(PYTHON) -m venv .venv; }
	@echo "[2/3] installing the installer (uv)"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@echo "[3/3] installing the pinned packages (a minute the first time)"
	@$(PY) -m uv pip sync -q --require-hashes --python $(PY) requirements.txt requirements-dev.txt
	@touch $(STAMP)
	@echo "environment ready"

run: $(STAMP)
	@exec $(PY) -m soc.ops.run $(ARGS)

test: lint
	@exec $(PY) -m soc.ops.test $(ARGS)

smoke: $(STAMP)
	@exec $(PY) -m soc.ops.smoke $(if $(FOOTAGE),--footage "$(FOOTAGE)") $(if $(EXPECT),--expect $(EXPECT)) $(ARGS)

bench: $(STAMP)
	@exec $(PY) -m bench $(ARGS)

chaos: $(STAMP)
	@exec $(PY) -m bench.chaos $(ARGS)

soak: $(STAMP)
	@RACES=200 $(PY) -m soc.ops.test tests/incidents/test_claim.py -k every_time -o timeout=600
	@exec $(PY) -m bench.soak $(ARGS)

lint: $(STAMP)
	@exec $(PY) -m soc.ops.lint

format: $(STAMP)
	@$(PY) -m ruff check --fix-only -q .
	@$(PY) -m ruff format -q .

screenshots: $(STAMP)
	@exec $(PY) -m bench.screenshots $(ARGS)

# For the first 3.11, so that what only Debian's 3.11.2 needs is in it too.
COMPILE := $(PY) -m uv pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 --python $(PY)
lock: $(STAMP)
	$(COMPILE) requirements-bootstrap.in -o requirements-bootstrap.txt
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv node_modules static-collected .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
