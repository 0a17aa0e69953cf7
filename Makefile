# `make` sets up and runs the whole study; `make help` lists the rest.  Needs Python 3.11 to 3.13 with pip, nothing else.
#
#   CORES=n   how many cores to use (default: all)
#   ARGS=...  anything more for Snakemake or pytest, e.g. `make ARGS=-n`, `make test ARGS="-k kalman"`
#   TRACK=... of `make verdict`, a file or a folder, with DT= (s) and UNIT= where the file does not say, and
#             COLUMN= TRACK_COLUMN= TIME_COLUMN= NO_TIME=1 ONE_TRACK=1 SCALE= STRIDE=
#             INSTRUMENT=exact|camera|detector|unknown, TRAP=trapped|free, and
#             PRIORS="exposure=1 noise=uniform:0:0.02 corner=off", BASELINE=constant|linear, and
#             TEMPERATURE=37C RADIUS=250nm VISCOSITY=0.7mPas for energies in pN
#   PYTHON=   the Python to build on (default: python3);  UV= the uv that writes the lock

PYTHON ?= python3
UV ?= uv
CORES ?= all
ARGS ?=
TRACK ?=
# Networks for any record answer in a verdict: those of the study here once it has been run, else those of the package.
READY = $(if $(wildcard results/ready/*/*-domain.h5),--networks results/ready)

SHIPPED = $(CURDIR)/workflow/activenoise/learning/ready

SNAKEMAKE = .venv/bin/python -m snakemake
# Looking for jobs to start (profiles/default) grows with the number of jobs that ended; in a long run seldom is enough.
SELDOM = --max-jobs-per-timespan 500/20s
SMOKE = --configfile config/smoke.yaml
PYTEST = .venv/bin/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

# The stamp of an environment is a copy of the lock that it was made from, written last: an environment without
# its stamp is half made and is made again, and a lock that is merely newer (a git checkout) costs nothing.
VENV = .venv/requirements.lock
SNAKEMAKE_ALONE = .venv-snakemake/requirements.lock
BENCH = .venv-bench/requirements.lock
SLURM = .venv-slurm/requirements.lock

unexport PYTHONPATH PYTHONHOME
# Snakemake and Numba keep caches; where the usual folder cannot be written, the checkout takes them.
ifneq ($(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}/snakemake"; mkdir -p "$$d" 2>/dev/null && test -w "$$d" || echo no),)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif
.DELETE_ON_ERROR:
.PHONY: all slurm verdict check lint fast test messages smoke soak ready report test-envs test-slurm bench lock lock-bench clean help

all: $(VENV)  ## run the study of config/config.yaml into results/ (the default)
	$(SNAKEMAKE) --cores $(CORES) $(SELDOM) $(ARGS)

slurm: $(SLURM)  ## run the study on a Slurm cluster, each job through its queue
	.venv-slurm/bin/python -m snakemake --workflow-profile profiles/slurm $(ARGS)

verdict: $(VENV)  ## the verdict on one file: make verdict TRACK=path/to/file DT=seconds UNIT=um
	@trap 'exit 0' INT; \
	  PYTHONPATH=workflow .venv/bin/python -m activenoise.cli verdict --out results/own \
	  --dt "$(DT)" --unit "$(UNIT)" --column "$(COLUMN)" --track-column "$(TRACK_COLUMN)" \
	  --time-column "$(TIME_COLUMN)" --no-time="$(NO_TIME)" --one-track="$(ONE_TRACK)" \
	  --scale "$(SCALE)" --stride "$(STRIDE)" --instrument "$(INSTRUMENT)" \
	  --trap "$(TRAP)" --priors "$(PRIORS)" --baseline "$(BASELINE)" \
	  --temperature "$(TEMPERATURE)" --radius "$(RADIUS)" --viscosity "$(VISCOSITY)" $(READY) $(ARGS) -- "$(TRACK)" \
	  || { s=$$?; [ $$s != 137 ] || echo "The verdict was killed from outside, most likely because the memory was full: use STRIDE=, or fewer tracks." >&2; \
	  exit $$s; }

check: lint fast  ## lint, then the fast tests: what to run while you work

lint: $(VENV)  ## check style, types, the workflow, and the files of continuous integration
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/snakefmt --check Snakefile workflow
	$(SNAKEMAKE) --lint
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

fast: $(VENV)  ## run the tests that take seconds and start no workflow
	$(PYTEST) -m "not slow and not workflow" $(ARGS)

test: $(VENV)  ## run all the tests
	$(PYTEST) $(ARGS)

messages: $(VENV)  ## write docs/reference/messages.md anew from the bad input of the tests
	PYTHONPATH=workflow .venv/bin/python -m tests.mistakes

smoke: $(VENV)  ## run every rule on the tiny config/smoke.yaml, into results/smoke
	$(SNAKEMAKE) --cores $(CORES) $(SMOKE) $(ARGS)

soak: $(VENV)  ## kill the smoke study 20 times, fill its disk, and compare with a reference (long)
	PYTHONPATH=workflow:. .venv/bin/python tests/soak/soak.py --cores $(CORES) $(ARGS)

ready: $(VENV)  ## train the networks for any record anew, score them, and put them into the package
	$(SNAKEMAKE) --cores $(CORES) $(ARGS) -- results/ready/made.json
	cd results/ready && for file in made.json */lstm.keras */lstm-domain.h5; do \
	  mkdir -p "$(SHIPPED)/$$(dirname $$file)" && cp $$file "$(SHIPPED)/$$file" || exit 1; done
	$(PYTEST) tests/learning/test_shipped.py

report: all  ## run the study, then write the self-contained results/report.html
	$(SNAKEMAKE) --cores 1 --report results/report.html

test-envs: $(SNAKEMAKE_ALONE)  ## run every rule of the smoke study in its own environment of envs/
	rm -rf results/test-envs
	PATH="$(CURDIR)/tests/conda_stand_in/bin:$(CURDIR)/.venv-snakemake/bin:$$PATH" PYTHONNOUSERSITE=1 \
	  python3 -m snakemake --cores $(CORES) --sdm conda --conda-prefix .venv-rules \
	  $(SMOKE) --config results=results/test-envs $(ARGS)

test-slurm: $(SLURM)  ## run the smoke study on a Slurm of this machine (Debian, as root; half an hour)
	PYTHONPATH=workflow:. .venv-slurm/bin/python tests/slurm/run.py $(ARGS)

bench: $(BENCH) $(VENV)  ## measure speed against other packages, into benchmarks/README.md
	PYTHONPATH=workflow .venv-bench/bin/python -m benchmarks
	.venv/bin/python benchmarks/scaling.py

lock:  ## write requirements.lock and that of profiles/slurm anew (needs uv)
	$(UV) pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock
	$(UV) pip compile profiles/slurm/requirements.in --no-deps --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o profiles/slurm/requirements.lock

lock-bench:  ## write benchmarks/requirements.lock anew from benchmarks/requirements.in (needs uv)
	$(UV) pip compile benchmarks/requirements.in --override benchmarks/overrides.txt --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet \
	  -o benchmarks/requirements.lock

clean:  ## delete all results
	find results -mindepth 1 ! -path results/README.md -delete
	rm -rf .snakemake

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' Makefile | expand -t 12

define check_python
@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
  || { echo "Python 3.11, 3.12 or 3.13 is needed (make PYTHON=python3.12); $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; }
@$(PYTHON) -m pip --version >/dev/null 2>&1 \
  || { echo "pip is needed for $(PYTHON): on Debian, apt install python3-pip." >&2; exit 1; }
endef

$(VENV): requirements.lock
	$(check_python)
	@if cmp -s requirements.lock $@; then touch $@; else \
	  echo "Setting up .venv from requirements.lock (once; some minutes)" && \
	  rm -rf .venv && $(PYTHON) -m venv --without-pip .venv && \
	  $(PYTHON) -m pip --python .venv/bin/python install --quiet --disable-pip-version-check \
	    --no-deps --require-hashes -r requirements.lock && \
	  cp requirements.lock $@; fi

$(BENCH): benchmarks/requirements.lock
	$(check_python)
	@if cmp -s $< $@; then touch $@; else \
	  echo "Setting up .venv-bench from benchmarks/requirements.lock" && \
	  rm -rf .venv-bench && $(PYTHON) -m venv --without-pip .venv-bench && \
	  $(PYTHON) -m pip --python .venv-bench/bin/python install --quiet --disable-pip-version-check \
	    --no-deps --require-hashes -r $< && \
	  cp $< $@; fi

# .venv and the plugin for Slurm, which would slow down every start of Snakemake in .venv itself.
$(SLURM): $(VENV) profiles/slurm/requirements.lock
	@if cat $^ | cmp -s - $@; then touch $@; else \
	  echo "Setting up .venv-slurm from profiles/slurm/requirements.lock" && \
	  rm -rf .venv-slurm && .venv/bin/python -m venv --without-pip .venv-slurm && \
	  .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > "$$(.venv-slurm/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/venv.pth" && \
	  $(PYTHON) -m pip --python .venv-slurm/bin/python install --quiet --disable-pip-version-check \
	    --no-deps --require-hashes -r profiles/slurm/requirements.lock && \
	  $(PYTHON) -m pip --python .venv-slurm/bin/python check --disable-pip-version-check && \
	  cat $^ > $@; fi

# Snakemake with what it needs itself and no more, so that no rule can borrow a package from it.
# pip takes no hashes for packages that nobody lists, so the lock serves as plain constraints here.
$(SNAKEMAKE_ALONE): requirements.lock
	$(check_python)
	@if cmp -s requirements.lock $@; then touch $@; else \
	  echo "Setting up Snakemake alone in .venv-snakemake" && \
	  rm -rf .venv-snakemake .venv-rules && $(PYTHON) -m venv --without-pip .venv-snakemake && \
	  sed -n 's/^\([a-z0-9_.-]*==[^\\]*\).*/\1/p' requirements.lock > .venv-snakemake/constraints.txt && \
	  $(PYTHON) -m pip --python .venv-snakemake/bin/python install --quiet --disable-pip-version-check \
	    --constraint .venv-snakemake/constraints.txt snakemake && \
	  cp requirements.lock $@; fi
