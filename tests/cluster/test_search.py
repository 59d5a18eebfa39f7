"""`make search`: search.yaml is checked, the held-out images stay out, a killed search continues."""

import re
import signal
import sys

import graph
import numpy as np
import pandas as pd
import pytest
import yaml
from project import Project, stages_run, write_settings

from digits import arrays
from digits.errors import InputError

pytest.importorskip("optuna", reason="needs `make cluster-setup`")

from digits import search

COMMAND = sys.executable, "-m", "digits.search"
SPACE = {  # the two highest values together make a training diverge
    "lr": {"choices": [0.008, 1.0]},
    "batch_size": {"choices": ["auto", 16]},
    "regularization.weight_decay": {"low": 0.001, "high": 100, "log": True},
    "network.width": {"low": 2, "high": 4},
}


def write_search(folder, **changes):
    values = {"trials": 3, "folds": 1, "seed": 1, "space": SPACE} | changes
    (folder / "search.yaml").write_text(yaml.safe_dump(values))


@pytest.fixture
def project(make_project, few_digits):
    """A project with four folds, and with held-out images whose labels no training can use."""
    images, labels = few_digits
    fold = np.array([0, 1, 2, 3, arrays.HELD_OUT], np.int8).repeat(40)
    project = make_project(**{"epochs": 1, "network.width": 2, "compute.threads": 1})
    labels = np.where(fold == arrays.HELD_OUT, 99, labels).astype(np.uint8)
    arrays.save(project / arrays.LABELLED, images=images, labels=labels, fold=fold)
    return project


def test_the_committed_search_fits_the_committed_settings(monkeypatch):
    monkeypatch.chdir(graph.ROOT)
    search.Search.load(search.Params.load())


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"trials": 0}, ["trials", "greater than or equal to 1", "got 0"]),
        ({"folds": 11}, ["folds is 11", "10 split.folds"]),
        ({"space": {"network.widht": {"low": 8, "high": 64}}}, ["network.widht cannot be searched", "network.width"]),
        ({"space": {"split.folds": {"low": 1, "high": 9}}}, ["split.folds cannot be searched"]),
        ({"space": {"lr": {"choices": [0.008]}}}, ["lr has a single value"]),
        ({"space": {"lr": {"low": 0.001, "hihg": 0.02}}}, ["lr", "hihg"]),
        ({"space": {"lr": {"low": 0.001, "high": 2}}}, ["lr", "less than or equal to 1", "got 2"]),
        ({"space": {"lr": {"low": 0.02, "high": 0.001}}}, ["lr", "low <= high", "low=0.02"]),
        ({"space": {"lr": {"low": 0.01, "high": 0.02}}}, ["lr", "0.008 in params.yaml", "out of the range"]),
        ({"space": {"lr": {"choices": [0.001, 0.002]}}}, ["lr", "0.008", "not in (0.001, 0.002)"]),
        ({"space": {"augment.shear": {"low": 0, "high": 20, "log": True}}}, ["augment.shear", "low > 0"]),
        ({"space": {"batch_size": {"low": 16, "high": 256}}}, ["batch_size", "auto in params.yaml"]),
    ],
)
def test_an_error_in_search_yaml_is_one_line(change, facts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_settings(tmp_path)
    Project(tmp_path).set(**{"network.width": 2})
    write_search(tmp_path, **change)
    with pytest.raises(InputError) as refused:
        search.Search.load(search.Params.load())
    message = str(refused.value)
    assert message.startswith("search.yaml: ") and message.isprintable(), message
    assert all(fact in message for fact in facts), message


def test_the_held_out_images_never_reach_a_training(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    write_search(project.folder)
    params = search.Params.load()
    data = search.Objective(search.Search.load(params), params, arrays.load_labelled()).data
    assert len(data.labels) == 160 and set(data.fold) == {0, 1, 2, 3} and data.labels.max() < 10


@pytest.mark.slow
def test_a_search_compares_its_trials_with_the_settings_and_has_one_line_a_fold(project):
    write_search(project.folder)
    printed = project.run(*COMMAND).stdout
    assert len(re.findall(r"^trial \d, fold 1 of 1: .* left$", printed, re.MULTILINE)) == 3
    assert "Epoch" not in printed and "Warning" not in printed
    table = pd.read_csv(project / "reports/search/trials.csv").set_index("number")
    assert table.loc[0, list(SPACE)].tolist() == [0.008, "auto", 0.01, 2]
    best = table.log_loss.idxmin()
    assert ("settings of params.yaml are the best" if best == 0 else f"To train trial {best}") in printed
    page = (project / "reports/search/index.html").read_text()
    assert "Optimization History" in page and "Slice" in page and 'src="http' not in page


@pytest.mark.faults
def test_a_killed_search_continues_and_tries_its_trial_again(project):
    write_search(project.folder, folds=3, trials=4)
    running = project.start(*COMMAND)
    for line in running.stdout:
        if line.startswith("trial 1, fold 1"):
            break
    running.send_signal(signal.SIGKILL)
    running.communicate()
    printed = project.run(*COMMAND).stdout
    assert "trial 0" not in printed
    table = pd.read_csv(project / "reports/search/trials.csv").set_index("number")
    assert table.state.value_counts().get("FAIL") == 1 and len(table) == 5
    again = table[(table[list(SPACE)] == table.loc[1, list(SPACE)]).all(axis=1)]
    assert len(again) == 2

    write_search(project.folder, folds=3, trials=5)
    assert "5 of 5" not in project.run(*COMMAND).stdout
    assert len(pd.read_csv(project / "reports/search/trials.csv")) == 6, "more trials continue the study"
    project.set(seed=2)
    write_search(project.folder, trials=1)
    project.run(*COMMAND)
    assert len(pd.read_csv(project / "reports/search/trials.csv")) == 1, "another seed is another study"


@pytest.mark.faults
def test_two_processes_share_a_study_and_the_printed_command_trains_its_best_trial(project):
    write_search(project.folder, trials=8, folds=2)
    project.install()
    project.run("dvc", "repro", "prepare")
    printed = project.run("make", "search", "JOBS=2", f"STORAGE=sqlite:///{project.folder}/shared.db").stdout
    assert (project / "shared.db").exists() and not (project / ".work/search.db").exists()
    table = pd.read_csv(project / "reports/search/trials.csv")
    assert len(table) == 8 and not table.duplicated(list(SPACE)).any()
    assert {"COMPLETE", "PRUNED"} == set(table.state)
    diverged = table[table.diverged.notna()]
    assert len(diverged) and (diverged.state == "PRUNED").all()
    command = re.search(r"^  (dvc exp run .*)$", printed, re.MULTILINE)[1]
    assert "train@0" in stages_run(project.run("sh", "-c", command).stdout)


@pytest.mark.faults
def test_settings_that_diverge_end_the_search(project):
    project.set(lr=1.0, batch_size=16, **{"regularization.weight_decay": 100.0})
    write_search(project.folder)
    for _ in range(2):
        ran = project.run(*COMMAND, check=False)
        assert ran.returncode == 1 and "error: training diverged" in ran.stdout and "trial 1" not in ran.stdout
