"""The promises of the default settings, on the sample, as users get them with `make`."""

import numpy as np
import pytest
from graph import ROOT

from benchmarks import drawings, strokes
from digits.data import kaggle_csv, sources
from digits.handwriting.recognizer import Recognizer, open_picture

pytestmark = pytest.mark.faults  # trains at full length
REPORTS = ROOT / "../shared/reports/pictures"
REPORTED = """
    cropped-scan-14_1.jpg cropped-scan-19_7.jpg cropped-scan-25_7.jpg cropped-scan-33_6.jpg crumbs-1_5.jpg
    crumbs-2_5.jpg crumbs-3_3.jpg fax-1_3.png fax-2_4.png fax-3_6.png float-nan_7.tiff hard-shadow-1_0.jpg
    hard-shadow-2_4.jpg hard-shadow-3_1.jpg jpeg-28-10_8.jpg jpeg-28-2_6.jpg jpeg-28-33_6.jpg
    lined-paper-1_9.jpg lined-paper-2_1.jpg lined-paper-3_7.jpg margin-line-1_2.jpg margin-line-2_8.jpg
    margin-line-3_4.jpg noise-on-black-12_5.png noise-on-black-15_3.png noise-on-black-22_1.png
    noise-on-black-25_7.png page-on-transparent-1_6.png page-on-transparent-2_9.png page-on-transparent-3_3.png
    paper-on-desk-1_3.jpg paper-on-desk-2_2.jpg paper-on-desk-3_6.jpg plain-1_4.jpg plain-2_2.jpg plain-3_7.jpg
    red-on-green-1_5.jpg red-on-green-2_9.jpg red-on-green-3_3.jpg rounded-corners-1_7.png
    rounded-corners-2_1.png rounded-corners-3_7.png vignette-1_2.jpg vignette-2_6.jpg vignette-3_7.jpg
""".split()  # noqa: SIM905


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


@pytest.mark.parametrize("name", REPORTED)
def test_a_reported_picture_is_read(project, monkeypatch, name):
    if not (REPORTS / name).exists():
        pytest.skip(f"needs {name} of the reports, which are not shipped")
    monkeypatch.chdir(project.folder)
    prediction = Recognizer.load().predict(open_picture(REPORTS / name))[0]
    assert str(prediction.digit) == name.split("_")[1][0]
