"""The promises of the default settings, on the sample, as users get them with `make`."""

import numpy as np
import pytest
from graph import ROOT

from benchmarks import drawings, strokes
from digits.data import kaggle_csv, sources
from digits.handwriting.recognizer import Recognizer, open_picture

pytestmark = pytest.mark.faults  # trains at full length
REPORTS = ROOT / "../shared/reports/pictures"


@pytest.fixture(scope="module")
def project(make_project):
    project = make_project()
    project.repro()
    return project


def test_the_submission_is_at_least_99_percent_right(project):
    *_, truth = sources.load_sample()
    answer = kaggle_csv.read_submission(project / "reports/submission.csv")
    assert len(answer) == 1500 and (answer == truth).mean() >= 0.99


def test_drawings_are_read(project, monkeypatch):
    """Read some of the drawings of `python -m benchmarks.drawings` and `python -m benchmarks.strokes`."""
    *_, images, truth = sources.load_sample()
    monkeypatch.chdir(project.folder)
    recognizer = Recognizer.load()
    right, _ = drawings.evaluate(recognizer, images[:200], truth[:200])
    assert right.mean() >= 0.97
    read = strokes.evaluate(recognizer, 4 * len(strokes.STYLES))
    assert np.mean([str(digit) == style[0] for style, digits in read.items() for digit in digits]) >= 0.97


@pytest.mark.skipif(not REPORTS.exists(), reason="needs the reported pictures, which are not shipped")
def test_the_reported_pictures_are_read(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    recognizer = Recognizer.load()
    read = {path.name: str(recognizer.predict(open_picture(path))[0].digit) for path in REPORTS.iterdir()}
    assert read and {name: digit for name, digit in read.items() if digit != name.split("_")[1][0]} == {}
