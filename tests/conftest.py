"""Fixtures: a copy of the project in which a pipeline may run, and a few real digits.

Keras and scikit-learn are imported where they are needed: xdist reads this file before it starts its workers.
"""

import os
import shutil
from collections import Counter

import filelock
import graph
import numpy as np
import pytest
from kaggle_server import KaggleServer
from project import TINY, Project, write_competition, write_settings

from digits.data import kaggle_csv, sources


def pytest_collection_modifyitems(items):
    """Begin with the files that have the most slow tests: xdist starts the files in this order."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session")
def make_project(tmp_path_factory):
    """Copy the working tree into a Git repository of its own, with the tests' settings, one commit and no results."""

    def make(**settings):
        folder = tmp_path_factory.mktemp("project") / "clone"
        for path in graph.tracked_files():
            copy = folder / path.relative_to(graph.ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        write_settings(folder)
        project = Project(folder)
        project.set(**settings)
        project.git("init", "-q")
        project.git("add", "-A")
        project.git("commit", "-qm", "The project as it is")
        return project

    return make


@pytest.fixture(scope="session")
def tiny_run(make_project, tmp_path_factory):
    """The folder of a project whose training takes seconds, after one `dvc repro`, with the results committed.

    `traces` beside it has the files that each stage opened, see tracing/sitecustomize.py.
    """
    base = tmp_path_factory.getbasetemp()
    run = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny"  # the workers' folders stand in one
    with filelock.FileLock(f"{run}.lock"):
        if not run.exists():
            project = make_project(**TINY)
            traces = run.with_name("traces")
            traces.mkdir(exist_ok=True)
            project.run("dvc", "repro", PYTHONPATH=str(graph.ROOT / "tests/tracing"), TRACES=str(traces))
            project.git("add", "-A")
            project.git("commit", "-qm", "A tiny run")
            project.folder.rename(run)
    return run


@pytest.fixture(scope="module")
def tiny_project(tiny_run, tmp_path_factory):
    """Copy the tiny project."""
    return Project(shutil.copytree(tiny_run, tmp_path_factory.mktemp("tiny") / "clone", symlinks=True))


@pytest.fixture(scope="session")
def backend():
    """TensorFlow, configured once in this process: every test that builds a network needs it."""
    from digits.model import backend

    backend.configure()
    return backend


@pytest.fixture(scope="module")
def untrained_project(make_project, backend):
    """A project with two members that were made but not trained."""
    from digits.model import network

    project = make_project(members=[0, 3], **{"network.width": 4})
    for member in (0, 3):
        backend.keras.utils.set_random_seed(member)
        (project / "models").mkdir(exist_ok=True)
        (project / f"models/member-{member}.keras").write_bytes(network.to_bytes(network.build(width=4, dropout=0.0)))
    return project


@pytest.fixture(scope="session")
def few_digits():
    """200 images of the sample, (200, 28, 28) uint8, and their labels (200,) uint8: 0, 1, …, 9, again and again."""
    images, labels, _, _ = sources.load_sample()
    chosen = np.stack([np.flatnonzero(labels == digit)[:20] for digit in range(10)], axis=1).ravel()
    return images[chosen], labels[chosen]


@pytest.fixture
def incoming(tmp_path, few_digits, monkeypatch):
    """A working folder with `source: incoming` and three good files of 150 labelled and 50 unlabelled digits."""
    images, labels = few_digits
    monkeypatch.chdir(tmp_path)
    write_settings(tmp_path)
    Project(tmp_path).set(source="incoming")
    folder = tmp_path / "data/incoming"
    write_competition(folder, images[:150], labels[:150], images[150:])
    return folder


@pytest.fixture(scope="session")
def competition(tmp_path_factory, few_digits):
    """The competition's three files with 150 labelled and 50 unlabelled digits: {name: bytes}."""
    images, labels = few_digits
    folder = tmp_path_factory.mktemp("competition")
    write_competition(folder, images[:150], labels[:150], images[150:])
    return {name: (folder / name).read_bytes() for name in kaggle_csv.FILES}


@pytest.fixture
def kaggle_server(competition):
    with KaggleServer(competition) as server:
        yield server
