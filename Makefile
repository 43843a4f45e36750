# Each target first makes .venv from the pinned requirement files; nothing else is installed.
PYTHON ?= python3
# Packages come by uv where it is installed, else by pip, as the user's own configuration of either
# says, in the same versions. make UV= demo takes pip.
UV     ?= $(shell command -v uv 2>/dev/null)
CORES  ?= all
# Of `recommended` and `study`: files that change their configuration, and what Snakemake is told
# besides, such as a target. make study CONFIG="mine.yaml" ARGS=-n
CONFIG ?=
ARGS   ?=
BIN    := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help check-config demo recommended study test test-processors test-slurm test-conda test-faults fuzz lint format docs clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' Makefile

.venv/ready: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'ctseq needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...' >&2; exit 1; }
ifeq ($(strip $(UV)),)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -r requirements-dev.txt
else
	$(UV) venv --seed --allow-existing --python $(PYTHON) .venv
	$(UV) pip install --python $(BIN)/python -r requirements-dev.txt
endif
	@touch $@

demo: .venv/ready ## run the whole study on synthetic patients
	$(BIN)/snakemake --profile profiles/demo --cores $(CORES) $(ARGS)

# Snakemake reads --configfile before the workflow can say which line is wrong.
CHECK_CONFIG = PYTHONPATH=workflow/scripts $(BIN)/python -m ctseq.study.given.files config.yaml $(CONFIG)

recommended: .venv/ready ## run the study by the recommended protocol (CONFIG=mine.yaml ARGS=-n)
	@$(CHECK_CONFIG) > /dev/null
	$(BIN)/snakemake --configfile config/recommended.yaml $(CONFIG) --cores $(CORES) $(ARGS)

study: .venv/ready ## run the study by the paper's protocol (CONFIG=mine.yaml ARGS=-n)
	@$(CHECK_CONFIG) > /dev/null
	@$(if $(CONFIG),:,echo "This is the paper's protocol; the recommended one is: make recommended")
	$(BIN)/snakemake $(if $(CONFIG),--configfile $(CONFIG)) --cores $(CORES) $(ARGS)

check-config: .venv/ready ## say which line of a configuration file is wrong (CONFIG=own.yaml)
	@$(CHECK_CONFIG)

PYTEST := $(BIN)/pytest -n $$((1 + $$(nproc 2>/dev/null || echo 1))) --dist loadfile --no-loadscope-reorder

# Threads of small products would wait for each other on cores that other tests use.
test: .venv/ready ## run the tests
	OMP_NUM_THREADS=1 $(PYTEST)

# PyTorch and MKL choose their instructions by the processor: a pass on one says little of the next.
test-processors: .venv/ready ## run the numerical tests as two other kinds of processor compute
	OMP_NUM_THREADS=3 ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 $(PYTEST) -m numerical
	OMP_NUM_THREADS=1 ATEN_CPU_CAPABILITY=default $(PYTEST) -m numerical

test-slurm: .venv/ready ## run a small study on a throw-away Slurm (root on Debian installs it)
	CTSEQ_TEST_SLURM=1 $(BIN)/pytest -ra tests/slurm

test-conda: .venv/ready ## run a small study with a real conda and a channel made from .venv
	CTSEQ_TEST_CONDA=1 $(BIN)/pytest -ra tests/conda

test-faults: .venv/ready ## kill a small study fifty times, fill its disk (root), run two at once
	CTSEQ_TEST_FAULTS=1 $(BIN)/pytest -ra tests/faults

# Each round has a seed of its own, which it prints: CTSEQ_FUZZ_SEED=1234 make fuzz tries it again.
# Pairs of oddities follow, which are the same ones each time: CTSEQ_FUZZ_PAIRS=0 make fuzz skips them.
fuzz: .venv/ready ## write thousands of odd datasets, and hold what is read (CTSEQ_FUZZ_MINUTES=60)
	OMP_NUM_THREADS=1 CTSEQ_FUZZ_MINUTES=$${CTSEQ_FUZZ_MINUTES:-10} \
	  CTSEQ_FUZZ_PAIRS=$${CTSEQ_FUZZ_PAIRS:-1} $(BIN)/pytest -n 0 tests/fuzz -k "thousands or pairs"

lint: .venv/ready ## check style: Snakemake's and Python's
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: .venv/ready ## put files into the style that `make lint` checks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: .venv/ready ## write the generated parts of the documents (needs Graphviz)
	$(BIN)/python docs/generate.py

clean: ## delete results: all studies, and the index, pixels and features that they share
	rm -rf results .snakemake .pytest_cache .ruff_cache .hypothesis
	@echo "Deleted: results/ (studies, and results/data that they share), .snakemake/ (conda's"
	@echo "environments, logs) and caches of tests. Left: raw datasets, resources/checkpoints, .venv."
	@echo "One study alone: rm -r results/<study>, which leaves results/data for the others."
