"""The promises of the default settings, on the sample, as users get them with `make`."""

import numpy as np
import pytest

from benchmarks import drawings, strokes
from digits.data import kaggle_csv, sources
from digits.handwriting.recognizer import Recognizer

pytestmark = pytest.mark.faults  # trains at full length


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
