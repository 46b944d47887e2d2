# make up                 set the machine up, simulate and reduce a small raw night, publish it, print where it is
# make up NIGHTS=folder   the same for raw nights of yours
# make up ATLAS=folder    the same for a folder of Atlas images
# make up PSC=folder      serve the files that the survey published: psc_*.gz, xsc_*.gz in a folder
# make down               stop it all
# make status             what runs, what is published
# make test               every test, the real server included
# make bench              the benchmarks
# Without processing anything: make setup, make serve. For developers: make pins.

.PHONY: help up down setup setup-tests serve status test bench pins
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# //p' Makefile

up: setup
	@etc/up.sh $(if $(NIGHTS),nights "$(NIGHTS)",$(if $(ATLAS),atlas "$(ATLAS)",$(if $(PSC),psc "$(PSC)")))

down:
	@if [ -x .venv/bin/twomass ]; then .venv/bin/twomass stop; else echo "nothing runs: not set up"; fi

setup:
	@etc/setup.sh

setup-tests:
	@etc/setup.sh --tests

serve: setup
	@.venv/bin/twomass serve

status:
	@.venv/bin/twomass status

test: setup-tests
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 .venv/bin/pytest --numprocesses 2 $(ARGS)

bench: serve
	@for benchmark in benchmarks/bench_*.py; do .venv/bin/python -m benchmarks.$$(basename $$benchmark .py) || exit 1; done

# New versions of everything, after setup.cfg has changed or time has passed. Test before committing.
pins:
	rm -rf .venv-pins && /usr/bin/python3 -m venv .venv-pins
	.venv-pins/bin/pip install --quiet --disable-pip-version-check --upgrade setuptools '.[test]'
	grep '^#' etc/requirements.txt > etc/requirements.new
	.venv-pins/bin/pip freeze --all --exclude pip --exclude twomass >> etc/requirements.new
	mv etc/requirements.new etc/requirements.txt && rm -rf .venv-pins
