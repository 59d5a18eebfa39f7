"""A search on this machine, killed and interrupted, continues with the trials that it has finished."""

import json
import os
import signal
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

from digits import arrays

pytest.importorskip("ray")
pytest.importorskip("optuna")

COMMAND = [sys.executable, "-m", "digits.cluster.search"]
IMAGES = 40  # of each fold
MAX_STARTS = 5  # Ray gives up after 15 s when other processes take the processor
END_TIMEOUT = 60  # seconds
SPACE = {  # the two highest values together make a training diverge
    "lr": {"choice": [0.008, 0.02, 1.0]},
    "regularization.weight_decay": {"choice": [0.01, 100.0]},
    "network.width": {"integer": [2, 4]},
}


@pytest.fixture
def project(make_project, few_digits, tmp_path):
    """A project with four folds and held-out images with labels that no training can use."""
    images, labels = few_digits
    fold = np.array([0, 1, 2, 3, arrays.HELD_OUT], np.int8).repeat(IMAGES)
    labels = np.where(fold == arrays.HELD_OUT, 99, labels).astype(np.uint8)
    project = make_project(**{"epochs": 1, "batch_size": 16, "network.width": 2, "compute.threads": 1})
    project.environment.pop("RAY_ADDRESS", None)
    # Jupyter brings a parser that jsonschema, and so each process of Ray, spends two seconds on to import
    (tmp_path / "rfc3987_syntax.py").write_text("raise ImportError")
    project.environment["PYTHONPATH"] = str(tmp_path)
    arrays.save(project / "data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    return project


def write_search(project, trials, folds):
    settings = {"trials": trials, "folds": folds, "seed": 1, "space": SPACE}
    (project / "search.yaml").write_text(yaml.safe_dump(settings))


def finished(project):
    """The finished trials that the search has saved."""
    return [
        trial for path in project.folder.glob(".work/search-*/trials.json") for trial in json.loads(path.read_text())
    ]


def run_to_end(project):
    """Run the search, and return what it prints."""
    for _ in range(MAX_STARTS):
        ran = project.run(*COMMAND, check=False)
        if "Ray did not start" not in ran.stdout:
            break
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def run_stopped(project, trials, how):
    """Run the search until so many trials are finished, send it a signal, and return what it has printed.

    All of its trainings must end.
    """
    for _ in range(MAX_STARTS):
        running = project.start(*COMMAND)
        while len(finished(project)) < trials and running.poll() is None:
            time.sleep(0.1)
        if running.poll() is None:
            break
        printed = running.stdout.read()
        assert "Ray did not start" in printed, printed
    else:
        raise AssertionError(f"Ray did not start in {MAX_STARTS} attempts")
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    if how == signal.SIGINT:
        os.killpg(running.pid, how)  # as the terminal does
    else:
        running.send_signal(how)
    printed, _ = running.communicate()
    _, alive = psutil.wait_procs(children, END_TIMEOUT)
    assert [process for process in alive if "Agent" not in process.name()] == []  # Ray's agents take two minutes
    return printed


def check_results(project, trials, folds):
    """Check the table against the saved trials."""
    table = pd.read_csv(project / "reports/search/trials.csv")
    assert sorted(table.trial) == list(range(1, trials + 1))
    complete = table[table.status == "complete"]
    assert (complete.folds == folds).all() and (complete.images == folds * IMAGES).all()
    assert complete.log_loss.is_monotonic_increasing
    default = complete[(complete.lr == 0.008) & (complete["regularization.weight_decay"] == 0.01)]
    assert 2 in default["network.width"].tolist(), "the default settings are a complete trial"
    assert (project / "reports/search/trials.png").exists()
    return table


@pytest.mark.slow
def test_a_killed_search_continues(project):
    write_search(project, trials=3, folds=1)
    run_stopped(project, 1, signal.SIGKILL)
    before = finished(project)
    printed = run_to_end(project)
    assert f"{len(before)} trials are finished" in printed
    assert finished(project)[: len(before)] == before and len(finished(project)) == 3
    check_results(project, trials=3, folds=1)
    assert "INFO" not in printed and "WARNING" not in printed and "Traceback" not in printed, printed

    again = project.run(*COMMAND).stdout  # trains nothing, and needs no Ray
    assert again.splitlines()[1:] == printed.splitlines()[-len(again.splitlines()) + 1 :]


@pytest.mark.faults
def test_twelve_trials_killed_and_interrupted_end_in_one_table(project):
    write_search(project, trials=12, folds=3)
    run_stopped(project, 3, signal.SIGKILL)
    assert "run the same command again to continue" in run_stopped(project, 6, signal.SIGINT)
    before = finished(project)
    printed = run_to_end(project)
    assert finished(project)[: len(before)] == before
    table = check_results(project, trials=12, folds=3)
    assert {"complete", "stopped", "failed"} == set(table.status)
    assert "diverged" in printed or "failed" in [trial["status"] for trial in before]

    project.set(**{"network.dropout": 0.1})
    write_search(project, trials=1, folds=1)
    assert "a new search begins" in run_to_end(project)
    check_results(project, trials=1, folds=1)
