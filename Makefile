# Every target does its own set-up; `make help` lists them.
# The environment is .venv with exactly the versions in constraints.txt.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo demo-stop quick test test-slow slow-nodes slow-others faults test-kvm test-postgres check bench docs golden fuzz format constraints clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

.venv/.ready: pyproject.toml constraints.txt .ci/environment
	@PYTHON=$(PYTHON) .ci/environment
	@touch $@

demo: .venv/.ready ## deploy examples/pacs.xml on this machine and leave it running
	@.ci/machine-packages || true
	@$(BIN)/python examples/demo.py $(if $(FAKE),--fake)

demo-stop: .venv/.ready ## release the demo's service, volumes too, and end its broker and worker
	@$(BIN)/python examples/demo.py stop

quick: .venv/.ready ## the fast tests, under a minute
	$(BIN)/pytest -n 2 -m "not slow and not lxc" tests --ignore tests/crash

test: .venv/.ready ## the ordinary suite, seven to nine minutes
	@.ci/machine-packages tests || test -z "$$CI"
	@.ci/environment kvm || test -z "$$CI"
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow" tests

test-slow: .venv/.ready ## crash matrices, real nodes, long runs; the suite on PostgreSQL
	@.ci/machine-packages tests || test -z "$$CI"
	@.ci/environment kvm || test -z "$$CI"
	$(MAKE) -j 2 --output-sync=target slow-nodes slow-others
	$(MAKE) test-postgres

# In a network of its own, which the broker, libvirt and its guests share, and nothing leaves.
test-kvm: .venv/.ready ## a guest that boots under libvirt and calls home: the whole product; some minutes
	@.ci/machine-packages tests
	@.ci/environment kvm
	ACCORDS_TEST_GUEST=1 unshare --net sh -c 'ip link set lo up && exec $(BIN)/pytest tests/kvm'

# Two processes of about the same length. Real nodes share this machine's kernel and addresses: one has them all.
AFTER_NODES := agent apart chain crash faults
slow-nodes: .venv/.ready
	$(BIN)/pytest -m "slow and lxc" tests
	$(BIN)/pytest -m "slow and not lxc" $(addprefix tests/,$(AFTER_NODES))

slow-others: .venv/.ready
	$(BIN)/pytest -m "slow and not lxc" tests $(addprefix --ignore tests/,$(AFTER_NODES))

# Every folder whose tests have a database, but: tests/store and tests/postgres, which always run on both kinds;
# tests/pacs and tests/demo, where what is tried is one machine as it comes, with SQLite; tests/conformance, which
# counts other tests. In tests/manifests, occi, sla, providers, local, reach, fuzz and docs there is no database.
POSTGRESQL := agent apart cli client cloud crash documents execute http invoke monitor operations parameters web

faults: .venv/.ready ## every fault at every request to a cloud (docs/faults.md), an hour or two
	ACCORDS_FAULTS=whole $(BIN)/pytest -m "slow or not slow" tests/faults

test-postgres: .venv/.ready ## what touches databases, every broker on PostgreSQL
	ACCORDS_TEST_DATABASE=postgresql $(BIN)/pytest -n 2 --dist loadfile -m "not slow and not lxc" \
		$(addprefix tests/,$(POSTGRESQL))

check: .venv/.ready ## format, lint, types, import contracts, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/docs
	$(BIN)/python docs/reference.py --check

bench: .venv/.ready ## every figure beside its goal and its anchor
	$(BIN)/python tests/bench/run.py

docs: .venv/.ready ## regenerate the pages that are made from the code
	$(BIN)/python docs/reference.py

golden: .venv/.ready ## write the golden plans and answers anew; the difference is to be reviewed
	$(BIN)/pytest tests/manifests/test_examples.py --write-golden
	ACCORDS_WRITE_GOLDEN=1 $(BIN)/pytest tests/http/test_golden.py

fuzz: .venv/.ready ## fuzz the reader and the action language, SECONDS each (600 unless told)
	$(BIN)/pip install -q -c constraints.txt -e '.[fuzz]'
	$(BIN)/python tests/fuzz/fuzz_reader.py -max_total_time=$(or $(SECONDS),600)
	$(BIN)/python tests/fuzz/fuzz_language.py -max_total_time=$(or $(SECONDS),600)

format: .venv/.ready ## put the code in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints: ## write the versions that are installed now to constraints.txt
	$(BIN)/pip freeze --exclude-editable --all | grep -viE '^(pip|setuptools|wheel)==' > constraints.txt

clean: ## remove what was built here, not what was deployed
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
