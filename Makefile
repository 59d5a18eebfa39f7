# make              set up .venv and run the whole pipeline
# make members      the same, with the members of params.yaml trained side by side: make members JOBS=4
# make submit       send reports/submission.csv to Kaggle: make submit MESSAGE="what is new"
# make experiments  compare the experiments with the baseline in a table
# make compare      compare the results with the previous run, or with another: make compare REV=low-lr
# make search       try other settings, as search.yaml says, on all cores or a Ray cluster, and name the best: hours
# make draw         draw a digit in the browser and see the prediction
# make export       write the network as LiteRT, ONNX and SavedModel, to use it without this project
# make notebook     open digit_recognition.ipynb, the same steps one at a time
# make bench        train other people's recipes and ours and compare them: hours; make bench FLAGS=--quick: ten minutes
# make cluster-setup  add the packages for a Ray cluster to .venv
# make lint         check format, style, types and vocabulary: seconds
# make test         every test · make test-quick: those that take less than a minute together
# make test-faults  dvc repro killed 70 times, on full disks, on other machines: an hour; FLAGS="-k seed03" for a part

SHELL := bash
SUPPORTED := 3.11 3.12 3.13
export MESSAGE
export REV
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# DVC ends every run with the advice to `dvc push`, whether there is a remote or not.
REPRO = set -o pipefail; PYTHONUNBUFFERED=1 dvc repro | (trap '' INT; grep --line-buffered -v '^Use `dvc push`')
pipeline: repository .venv/ready
	@python -m digits.versions
	@python -m digits.settings
	@$(REPRO)
	@python -m digits.evaluation.summary

members: REPRO = python -m digits.cluster.members $(if $(JOBS),--jobs "$(JOBS)")
members: pipeline

# Those of the last three commits, without the hashes of the dependencies and without what is the same in all of them.
experiments: .venv/ready
	@COLUMNS=120 dvc exp show --no-pager --num 3 --only-changed --keep 'accuracy|errors' --drop 'Created|State|Executor|oof_log_loss|models|params.yaml|.*/'

compare: repository .venv/ready
	@python -m digits.evaluation.comparison $(if $(REV),-- "$$REV")

search: repository .venv/ready
	@python -m digits.versions
	@python -m digits.settings
	@dvc repro --quiet prepare
	@python -m digits.cluster.search

# DVC needs Git; a ZIP of the project has no repository in it.
repository:
	@git rev-parse HEAD >/dev/null 2>&1 || { \
	    echo "error: this folder is no Git repository with a commit, which DVC needs; clone the project, or make one of it:" \
	        "git init && git add -A && git commit -m 'Begin'" >&2; exit 1; }

submit: .venv/ready
	@python submit_to_kaggle.py $(FLAGS) "$$MESSAGE"

draw: .venv/ready
	@python predict_digit.py $(FLAGS)

export: .venv/ready
	@python -m digits.quiet digits.model.export

# JupyterLab finds this project's Python before any other kernel; .jupyter/ keeps it from asking for news and updates.
notebook: .venv/ready
	@JUPYTER_PATH="$(CURDIR)/.venv/share/jupyter" JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" \
	    jupyter lab --log-level=ERROR $(FLAGS) digit_recognition.ipynb

bench: .venv/ready
	@python -m benchmarks.run $(FLAGS)

lint: .venv/ready
	@status=0; \
	ruff check --quiet . || status=1; \
	ruff format --check . || status=1; \
	mypy || status=1; \
	pytest -q tests/test_vocabulary.py || status=1; \
	exit $$status

test: .venv/ready
	@pytest -n auto --maxprocesses 4

test-quick: .venv/ready
	@pytest -n auto --maxprocesses 4 -m "not slow and not faults"

test-faults: .venv/ready
	@pytest -n auto --maxprocesses 4 --dist load --timeout 5400 -m faults $(FLAGS)

.venv/ready: requirements.txt
	@for version in $(SUPPORTED); do \
	    for python in python$$version python3 python; do \
	        found=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); \
	        [ "$$found" = $$version ] && break 2; \
	    done; \
	done; \
	if [ "$$found" != $$version ]; then \
	    echo "error: no Python that TensorFlow supports was found; install one of $(SUPPORTED)" >&2; exit 1; \
	fi; \
	if [ -L .venv ]; then \
	    echo "error: .venv is a link to another environment, which this would delete; remove the link" >&2; exit 1; \
	fi; \
	echo "setting up .venv with Python $$found (once)"; \
	$$python -m venv --clear .venv
	@pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# It adds to the pinned packages and changes none of them.
cluster-setup: .venv/cluster-ready

.venv/cluster-ready: requirements-cluster.txt .venv/ready
	@echo "adding the packages for a Ray cluster to .venv (once)"
	@pip install --quiet --disable-pip-version-check --require-hashes -r requirements-cluster.txt
	@touch $@

.PHONY: cluster-setup pipeline members repository experiments compare search draw export notebook submit bench lint test test-quick test-faults
