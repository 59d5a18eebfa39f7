"""The promises of the default settings, on the embedded digits, as a person gets them with `make`."""

import json

import pytest

from browser import STROKES, Hand, chromium, served
from benchmarks import drawings
from digits import kaggle_csv, sources
from digits.reading import Reader

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(make_project):
    project = make_project()
    project.repro()
    return project


def test_the_submission_is_at_least_98_5_percent_right(project):
    *_, truth = sources.embedded_digits()
    answer = kaggle_csv.read_submission(project / "reports/submission.csv")
    assert (answer == truth).mean() >= 0.985


def test_the_summary_names_the_figures_and_the_files(project):
    printed = project.run("python", "-m", "digits.summary").stdout
    metrics = json.loads((project / "reports/metrics.json").read_text())
    for words in (
        f"{metrics['heldout_accuracy']:.2%}",
        f"{metrics['heldout_accuracy_low']:.2%} to {metrics['heldout_accuracy_high']:.2%}",
        f"{metrics['heldout_errors']} of 126 images",
        f"{metrics['oof_accuracy']:.2%}",
        "reports/index.html",
        "models/",
        "reports/submission.csv",
        "dvc exp run",
    ):
        assert words in printed


def test_nine_of_ten_unseen_digits_are_read_from_drawings(project, monkeypatch):
    images, truth = sources.embedded_digits()[2:]
    monkeypatch.chdir(project.folder)
    right, _ = drawings.judge(Reader.load(), images[:200], truth[:200])
    assert right.mean() >= 0.9


@pytest.fixture(scope="module")
def address(project):
    with served(project) as address:
        yield address


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_each_digit_drawn_on_the_page_is_recognised(address, touch):
    with chromium() as browser:
        hand = Hand(browser, address, touch, viewport={"width": 375, "height": 900} if touch else None)
        for digit, strokes in STROKES.items():
            hand.draw(strokes)
            assert hand.answer() == str(digit)
            hand.page.click("#clear")
        assert hand.troubles == []
        assert "images: the 8×8 digits that ship with scikit-learn" in hand.page.content()
