# make              set up .venv and run the whole pipeline
# make members      the same, with the members of params.yaml trained side by side: make members JOBS=4
# make submit       send reports/submission.csv to Kaggle: make submit MESSAGE="what is new"
# make experiments  compare the experiments with the baseline in a table
# make compare      compare the results with the previous run, or with another: make compare REV=low-lr
# make search       try other settings, as search.yaml says, and name the best: hours; make search JOBS=4 on four processes
# make draw         draw a digit in the browser and see the prediction
# make export       write the network as LiteRT, ONNX and SavedModel, to use it without this project
# make notebook     open my_notebook.ipynb, a copy of digit_recognition.ipynb: the same steps one at a time
# make bench        train other people's recipes and ours and compare them: hours; make bench FLAGS=--quick: ten minutes
# make cluster-setup  add the packages for a Ray cluster to .venv
# make lint         check format, style, types, vocabulary, imports and links: seconds · make format: correct what can be corrected
# make test         every test · make test-quick: those that take less than a minute together
# make test-notebook    run digit_recognition.ipynb · make refresh-notebook: the same, and store its outputs: a minute or two
# make test-faults  kills, full disks, other machines: an hour; FLAGS="-k seed03" for a part

SHELL := bash
PYTHON := >=3.11,<3.14
THREADS_PER_MEMBER := 2
JOBS := $(if $(RAY_ADDRESS),16,$(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) + 1) / $(THREADS_PER_MEMBER) ))))
# Without compiled modules, each import of TensorFlow takes 15 s more.
unexport PYTHONDONTWRITEBYTECODE
# .jupyter/ has a kernel that Jupyter prefers to any other and that leaves TensorFlow's log in the terminal, and a setting
# that keeps JupyterLab from asking for news and updates.
export JUPYTER_PATH := $(CURDIR)/.jupyter
export JUPYTER_CONFIG_PATH := $(CURDIR)/.jupyter
export MESSAGE
export REV
export VIRTUAL_ENV := $(CURDIR)/.venv
export PATH := $(VIRTUAL_ENV)/bin:$(PATH):$(CURDIR)/.uv/bin

pipeline: repository .venv/ready
	@dvc repro && python -m digits.summary && echo "took $$SECONDS s"

members: repository .venv/ready
	@dvc repro prepare
	@dvc stage list --name-only | sed -n 's/^train@//p' \
	    | xargs -P $(JOBS) -I {} dvc --wait-for-lock repro --single-item train@{} predict@{}
	@dvc repro
	@python -m digits.summary

# Those of the last three commits, with what differs between them. As Markdown, DVC cuts nothing off.
experiments: .venv/ready
	@dvc exp show --md --num 3 --only-changed --keep 'accuracy|errors' \
	    --drop 'Created|State|Executor|gain|oof_log_loss|models|.*[.](yaml|toml|txt)|.*/'

compare: repository .venv/ready
	@python -m digits.compare $(if $(REV),-- "$$REV")

search: JOBS := 1
search: repository .venv/cluster-ready
	@dvc repro prepare
	@python -m digits.search --jobs $(JOBS)

# DVC needs a Git repository with a commit; a ZIP of the project has none. Where Git refuses one, it says why.
repository:
	@git rev-parse HEAD >/dev/null || { [ -e .git ] && ! git rev-parse --git-dir >/dev/null 2>&1 \
	    || echo 'Clone the project, or begin a repository: git init && git add -A && git commit -m "Begin"' >&2; exit 1; }

submit: .venv/ready
	@python submit_to_kaggle.py $(FLAGS) "$$MESSAGE"

draw: .venv/ready
	@python predict_digit.py $(FLAGS)

export: .venv/export-ready
	@python -m digits.export

notebook: .venv/dev-ready my_notebook.ipynb
	@jupyter lab --log-level=ERROR $(FLAGS) my_notebook.ipynb

# JupyterLab saves what it opens. The copy belongs to the user, so it is never overwritten.
my_notebook.ipynb:
	@cp digit_recognition.ipynb $@

bench: .venv/ready
	@python -m benchmarks.run $(FLAGS)

lint: .venv/dev-ready
	@status=0; \
	ruff check --quiet . || status=1; \
	ruff format --quiet --check . || { echo 'make format corrects the format of these files' >&2; status=1; }; \
	mypy || status=1; \
	pytest -q tests/test_vocabulary.py tests/pipeline/test_documents.py tests/pipeline/test_workflow.py || status=1; \
	exit $$status

format: .venv/dev-ready
	@ruff check --quiet --fix .; ruff format .

# One process more than there are cores, since some tests wait for other programs.
test: .venv/dev-ready .venv/export-ready
	@pytest -n $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --maxprocesses 4

test-quick: .venv/dev-ready
	@pytest -n auto --maxprocesses 4 -m "not slow and not faults"

test-notebook: .venv/dev-ready
	@pytest -q -p nbmake --nbmake digit_recognition.ipynb

refresh-notebook: .venv/dev-ready
	@jupyter nbconvert --log-level=ERROR --to notebook --execute --inplace \
	    --ExecutePreprocessor.record_timing=False digit_recognition.ipynb

test-faults: .venv/dev-ready
	@pytest -n auto --maxprocesses 4 --dist load --timeout 5400 -m faults $(FLAGS)

# uv installs in seconds what pip installs in minutes; without uv, pip brings it. `pip install -r requirements.txt` works too.
.venv/ready: requirements.txt
	@echo "setting up .venv: 140 packages, 2.6 GB; 20 s to 3 minutes the first time"
	@command -v uv >/dev/null || python3 -m pip install --quiet --no-user --target .uv uv \
	    || { echo 'error: neither uv nor pip was found; install one of them' >&2; exit 1; }
	@uv venv --quiet --allow-existing --python "$(PYTHON)" .venv
	@uv pip sync --require-hashes requirements.txt
	@touch $@

# Each adds to the pinned packages and changes none of them.
cluster-setup: .venv/cluster-ready
.venv/%-ready: requirements-%.txt .venv/ready
	@uv pip install --require-hashes --requirements $<
	@touch $@

.PHONY: pipeline members experiments compare search repository submit draw export notebook \
    bench lint format test test-quick test-notebook refresh-notebook test-faults cluster-setup
