"""A trained network, its page, and a browser."""

import os
import sys

import filelock
import pytest
from browser import chromium
from project import Project


@pytest.fixture(scope="session")
def project(make_project, tmp_path_factory):
    """A project whose network reads about 98 % of the sample, with its page; the test processes share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "page"
    with filelock.FileLock(f"{folder}.lock"):
        if not folder.exists():
            project = make_project(epochs=5, **{"network.width": 8})
            for stage in ["fetch"], ["prepare"], ["train", "0"], ["page"]:
                project.run(sys.executable, "-m", f"stages.{stage[0]}", *stage[1:])
            project.folder.rename(folder)
    return Project(folder)


@pytest.fixture(scope="session")
def address(project):
    return (project / "reports/draw.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser
