"""What `make` prints after a run."""

import json
import subprocess
from contextlib import chdir

import evaluated
import numpy as np
import pytest
import yaml

from digits import arrays, summary
from digits.evaluation import metrics, predictions

FOLD = np.repeat(np.array([arrays.HELD_OUT, 0], np.int8), 10)
TABLE = predictions.tabulate(np.arange(20, dtype=np.uint8) % 10, FOLD, evaluated.make_probabilities(np.arange(20) % 10))
BY_MEMBER = [arrays.MemberPredictions(*[evaluated.make_probabilities(np.arange(10))] * 3)]
METRICS, DETAILS = metrics.compute(TABLE, BY_MEMBER)  # all that there are, of which the tests know these:
METRICS |= {"accuracy": 0.9943, "errors": 2, "gain": 0.0, "log_loss": 0.06445601, "oof_accuracy": 0.9}


def lock(data="1", members=(0,)):
    submission = {"params": {"params.yaml": {"members": list(members)}}}
    return yaml.safe_dump({"stages": {"prepare": {"outs": [{"md5": data}]}, "submission": submission}})


def test_metrics_are_compared_with_the_committed_ones_of_the_same_images_where_the_difference_is_visible():
    committed = json.dumps({"accuracy": 0.9886, "errors": 4, "log_loss": 0.06445599, "gain": 0.0, "oof_accuracy": 0.8})
    changes = "accuracy 0.9886 → 0.9943, errors 4 → 2"
    assert summary.compare(METRICS, lock(), committed, lock()) == f"{changes}, oof_accuracy 0.8 → 0.9"
    assert summary.compare(METRICS, lock(), committed, lock(members=[0, 1])) == changes
    assert "other images" in summary.compare(METRICS, lock(), committed, lock(data="2"))


@pytest.fixture
def project(tmp_path):
    """A project with results in the subfolder `sub` of a repository, with one commit."""
    (tmp_path / "sub/reports").mkdir(parents=True)
    write(tmp_path / "sub", "sample")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "Results")
    return tmp_path / "sub"


def write(folder, source, **metrics):
    (folder / "dvc.lock").write_text(lock())
    (folder / "reports/metrics.json").write_text(json.dumps(METRICS | metrics))
    (folder / "reports/details.json").write_text(json.dumps(DETAILS | {"settings": {"source": source}}))


def git(folder, *arguments):
    user = "-c", "user.name=tests", "-c", "user.email=tests@localhost"
    subprocess.run(["git", *user, *arguments], cwd=folder, check=True)


def printed(folder, capsys):
    with chdir(folder):
        summary.main()
    text = capsys.readouterr().out
    assert max(len(line) for line in text.splitlines() if "file://" not in line) <= 120
    return text


def test_changed_files_are_named_with_the_command_that_commits_them_before_an_experiment(project, capsys):
    text = printed(project, capsys)
    assert (project / "reports/index.html").as_uri() in text and "--temp" in text
    assert "Baseline" not in text and "since the last commit" not in text and "make submit" not in text
    write(project, "kaggle", errors=3)
    text = printed(project, capsys)
    assert "errors 2 → 3" in text and "make submit" in text and "reports/details.json, reports/metrics.json" in text
    assert text.index('git commit -m "Baseline"') < text.index("dvc exp run")


def test_where_temporary_runs_keep_nothing_the_experiment_is_suggested_without_temp(project, tmp_path, capsys):
    for name, reason in ("shallow", "shallow clone"), ("a #1 %20", "contains % or #"):
        depth = ["--depth", "1"] if name == "shallow" else []
        git(tmp_path, "clone", "-q", *depth, project.parent.as_uri(), name)
        text = printed(tmp_path / name / "sub", capsys)
        assert reason in text and "dvc exp run -n low-lr -S lr=0.001" in text
