"""The promises of the default settings, on the embedded digits, as a person gets them with `make`."""

import json

import pytest

from digits import kaggle_csv, sources

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

