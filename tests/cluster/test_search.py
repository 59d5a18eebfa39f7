"""`make search`: search.yaml is checked, the held-out images stay out, poor trials are stopped, the table is sorted."""

import math
import shutil
import sys
from types import SimpleNamespace

import graph
import numpy as np
import pandas as pd
import pytest
import yaml
from project import Project

from digits import arrays
from digits.cluster import search, search_results
from digits.cluster.search_space import AllParams, Search
from digits.errors import InputError
from stages import train

SPACE = {"lr": {"loguniform": [0.001, 0.02]}, "batch_size": {"choice": [16, 256]}}
DEFAULT = {"lr": 0.008, "batch_size": 256}
REPORT = {"images": 400, "log_loss": 0.5, "accuracy": 0.9, "seconds": 1.0}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the tests' settings and a small search.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    shutil.copy(graph.PARAMS, tmp_path / "params.yaml")
    write_search(tmp_path, trials=3, folds=2, space=SPACE)
    return Project(tmp_path)


def write_search(folder, **settings):
    (folder / "search.yaml").write_text(yaml.safe_dump({"seed": 1, **settings}))


def make_trial(number, settings, *log_losses, status=search_results.COMPLETE):
    """A trial in which each fold has as many images and the same accuracy."""
    reports = [{"folds": fold, **REPORT, "log_loss": loss} for fold, loss in enumerate(log_losses, start=1)]
    return {"number": number, "settings": settings, "reports": reports, "status": status}


def test_the_committed_search_contains_the_committed_settings():
    params = AllParams.load(graph.ROOT / "params.yaml")
    assert set(Search.load(params, graph.ROOT / "search.yaml").space) <= set(graph.parameters("train"))


def test_a_trial_reads_the_settings_of_the_train_stage():
    assert set(AllParams.load(graph.PARAMS).trained()) == set(train.Params.model_fields)


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"trials": 0}, ["trials", "greater than or equal to 1", "got 0"]),
        ({"folds": 11}, ["folds is 11", "split.folds", "10"]),
        ({"trails": 3}, ["trails"]),
        ({"space": {}}, ["space", "at least 1"]),
        ({"space": {"network.widht": {"integer": [8, 64]}}}, ["space.network.widht", "did you mean network.width?"]),
        ({"space": {"seed": {"integer": [1, 9]}}}, ["space.seed", "cannot be searched"]),
        ({"space": {"split.folds": {"integer": [1, 9]}}}, ["space.split.folds", "cannot be searched"]),
        ({"space": {"compute.threads": {"choice": [1, 2]}}}, ["space.compute.threads", "cannot be searched"]),
        ({"space": {"lr": {"logunifrom": [0.001, 0.02]}}}, ["space.lr.logunifrom", "'loguniform'"]),
        ({"space": {"lr": {"uniform": [0.001, 0.02], "choice": [1, 0.5]}}}, ["space.lr", "at most 1"]),
        ({"space": {"lr": {"loguniform": [0.001, 2]}}}, ["space.lr", "less than or equal to 1", "got 2"]),
        ({"space": {"lr": {"loguniform": [0.02, 0.001]}}}, ["space.lr", "the lower one first", "[0.02, 0.001]"]),
        ({"space": {"lr": {"loguniform": [0.001]}}}, ["space.lr.loguniform", "at least 2"]),
        ({"space": {"lr": {"uniform": [0.001, ".02"]}}}, ["space.lr", "'.02'"]),
        ({"space": {"lr": {"uniform": [0.0012345, 0.02]}}}, ["space.lr", "three significant digits"]),
        ({"space": {"lr": {"uniform": [0.01, 0.02]}}}, ["space.lr", "does not contain 0.008", "params.yaml"]),
        ({"space": {"augment.shear": {"loguniform": [0, 20]}}}, ["space.augment.shear", "above 0"]),
        ({"space": {"epochs": {"uniform": [8.5, 24]}}}, ["space.epochs", "valid integer", "got 8.5"]),
        ({"space": {"epochs": {"integer": [8, 24.5]}}}, ["space.epochs", "two integers"]),
        ({"space": {"batch_size": {"choice": [16, 32]}}}, ["space.batch_size", "does not contain 256"]),
        ({"space": {"batch_size": {"choice": [256, 256]}}}, ["space.batch_size", "listed twice"]),
    ],
)
def test_an_error_in_the_space_is_one_line(project, change, facts):
    write_search(project.folder, **({"trials": 3, "folds": 2, "space": SPACE} | change))
    with pytest.raises(InputError) as refused:
        search.main()
    message = str(refused.value)
    assert message.startswith("search.yaml: ") and message.isprintable(), message
    assert all(fact in message for fact in facts), message
    assert not (project / ".work").exists()


def test_sampled_values_are_rounded_and_those_of_a_person_are_not(project):
    project.set(lr=0.0081234)
    space = Search.load(AllParams.load())
    rounded = space.round({"lr": 0.0123456, "batch_size": 16}, {"lr": 0.0081234, "batch_size": 256})
    assert rounded == {"lr": 0.0123, "batch_size": 16}
    assert space.round({"lr": 0.0081234, "batch_size": 256}, {"lr": 0.0081234, "batch_size": 256})["lr"] == 0.0081234


def test_no_held_out_image_reaches_a_trial():
    images = np.arange(5, dtype=np.uint8).repeat(28 * 28).reshape(5, 28, 28)
    fold = np.array([0, arrays.HELD_OUT, 1, arrays.HELD_OUT, 0], np.int8)
    kept = search.without_held_out(arrays.Labelled(images, np.arange(5, dtype=np.uint8), fold))
    assert kept.images[:, 0, 0].tolist() == kept.labels.tolist() == [0, 2, 4]
    assert kept.fold.tolist() == [0, 1, 0]


def test_without_ray_a_line_says_how_to_install_it(project, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(graph.ROOT)])
    monkeypatch.delitem(sys.modules, "ray", raising=False)  # find_spec answers from it
    with pytest.raises(InputError, match="make cluster-setup"):
        search.main()


def test_the_address_of_a_ray_client_is_refused(project, monkeypatch):
    pytest.importorskip("ray")
    pytest.importorskip("optuna")
    monkeypatch.setenv("RAY_ADDRESS", "ray://127.0.0.1:10001")
    with pytest.raises(InputError, match="ray://127.0.0.1:10001.*ray job submit"):
        search.main()


def test_missing_images_are_named(project):
    pytest.importorskip("ray")
    pytest.importorskip("optuna")
    with pytest.raises(InputError, match="data/prepared/labelled.npz is missing; run `dvc repro"):
        search.main()


def test_the_worse_half_is_stopped_but_neither_the_default_nor_what_has_all_folds():
    pytest.importorskip("ray")
    from digits.cluster.search_trials import Scheduler

    scheduler, actions = Scheduler(3, DEFAULT), []
    other = {"lr": 0.001, "batch_size": 256}
    failed = {"folds": 1, "log_loss": math.inf}
    for number, config, result in [
        (0, other, failed),
        (1, other, failed),
        (2, other, {"folds": 1, "log_loss": 0.5}),
        (3, other, {"folds": 1, "log_loss": 0.6}),
        (4, DEFAULT, {"folds": 1, "log_loss": 0.7}),
        (5, other, {"folds": 1, "log_loss": 0.4}),
        (5, other, {"folds": 3, "log_loss": 0.9}),
        (4, DEFAULT, {"folds": 3, "log_loss": 0.7}),
    ]:
        trial = SimpleNamespace(trial_id=str(number), config=config)
        if result["folds"] == 1:
            scheduler.on_trial_add(None, trial)
        actions.append(scheduler.on_trial_result(None, trial, result))
        if actions[-1] == "STOP":
            scheduler.on_trial_complete(None, trial, result)
    assert actions == ["STOP", "STOP", "CONTINUE", "STOP", "CONTINUE", "CONTINUE", "STOP", "STOP"]


def test_the_table_lists_the_complete_trials_first_and_names_the_winner(project, capsys):
    other = {"lr": 0.0123, "batch_size": 16}
    trials = [
        make_trial(1, DEFAULT, 0.5, 0.4),
        make_trial(2, DEFAULT | {"lr": 0.02}, 0.1, status=search_results.STOPPED),
        make_trial(3, DEFAULT | {"lr": 0.001}, math.inf, status=search_results.FAILED),
        make_trial(4, other, 0.4, 0.3),
    ]
    space = Search.load(AllParams.load())
    search_results.report(trials, space, DEFAULT)
    table = pd.read_csv(project / "reports/search/trials.csv")
    assert table.trial.tolist() == [4, 1, 2, 3]
    assert table.status.tolist() == ["complete", "complete", "stopped", "failed"]
    assert table.log_loss.tolist() == [0.3, 0.4, 0.1, math.inf]
    assert table.standard_error[0] == pytest.approx(math.sqrt(0.9 * 0.1 / 400))
    assert (project / "reports/search/trials.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "dvc exp run --temp -n best-of-search -S lr=0.0123 -S batch_size=16\n" in printed
    assert printed.count("90.00% ± 1.50%") == 2

    search_results.report(trials[:3], space, DEFAULT)
    printed = capsys.readouterr().out
    assert "default settings" in printed and "are the best" in printed and "dvc exp run" not in printed
