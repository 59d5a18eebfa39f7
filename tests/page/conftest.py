"""A trained network, its page, and a browser."""

import sys

import pytest
from browser import chromium


@pytest.fixture(scope="module")
def project(make_project):
    """A project whose network reads about 98 % of the sample, with its page."""
    project = make_project(epochs=5, **{"network.width": 8})
    for stage in ["fetch"], ["prepare"], ["train", "0"], ["page"]:
        project.run(sys.executable, "-m", f"stages.{stage[0]}", *stage[1:])
    return project


@pytest.fixture(scope="module")
def address(project):
    return (project / "reports/draw.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser
