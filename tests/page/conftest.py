"""A trained network, its page, and a browser."""

import os
from contextlib import chdir

import filelock
import pytest
from browser import chromium
from project import Project, run_stages


@pytest.fixture(scope="session")
def project(make_project, tmp_path_factory, backend):
    """A project whose network reads about 98 % of the sample, with its page; the test processes share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "page"
    with filelock.FileLock(f"{folder}.lock"):
        if not folder.exists():
            project = make_project(epochs=5, **{"network.width": 8})
            with chdir(project.folder):
                run_stages("fetch", "prepare", "train 0", "page")
            project.folder.rename(folder)
    return Project(folder)


@pytest.fixture(scope="session")
def address(project):
    return (project / "reports/draw.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser
