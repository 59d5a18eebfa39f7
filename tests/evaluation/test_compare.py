"""`make compare`: what differs between the results in the working folder and those of another run."""

import re
import sys
from contextlib import chdir

import evaluated
import graph
import numpy as np
import pytest
from evaluated import text_of
from project import Project

from digits import compare
from digits.errors import InputError
from digits.evaluation import predictions

LABELS = np.repeat(np.arange(10, dtype=np.uint8), 4)
FOLD = np.repeat(np.array([-1, 0], np.int8), [10, 30])
DVC_YAML = """
stages:
  evaluate:
    cmd: python -m stages.evaluate
    deps: [data/predictions, data/prepared/labelled.npz, params.yaml]
    outs: [reports/details.json, reports/plots, reports/labels, reports/index.html]
    metrics:
      - reports/metrics.json: {cache: false}
"""


def make_run(*wrong, data="1"):
    """A run of 10 held-out and 30 out-of-fold images, of which the ones at these places are misclassified."""
    table = predictions.tabulate(LABELS, FOLD, evaluated.make_probabilities(LABELS, wrong))
    details = {"data": {"images": data, "split": "1"}}
    return compare.Run("", {}, {"accuracy": "0.9", "errors": str(len(wrong))}, details, table)


def test_images_that_one_run_misclassifies_are_counted_in_their_split_with_interval_and_p():
    held_out, out_of_fold = compare.compare_predictions(make_run(2, 20), make_run(2, 3, 4, 5, 6, 7, 8))
    assert held_out.corrected.empty and held_out.misclassified.row.tolist() == [4, 5, 6, 7, 8, 9]
    assert held_out.description == [
        "3 of 10 correct, 9 before: 0 newly correct, 6 newly misclassified",
        "-60.00 points, 95% interval -82.67 to -17.33, p = 0.031: now worse",
    ]
    assert out_of_fold.corrected.row.tolist() == [21] and "p = 1: may be chance" in out_of_fold.description[1]


def test_metrics_of_other_images_are_marked_and_an_equal_accuracy_is_listed():
    assert compare.compare_metrics(make_run(2), make_run(3)) == [("accuracy", "0.9", "0.9")]
    assert compare.compare_metrics(make_run(2), make_run(3, 4, data="2")) == [
        ("accuracy", "0.9", "0.9   of other images"),
        ("errors", "1", "2   of other images"),
    ]
    assert "other images" in compare.explain_other_images(make_run(2), make_run(3, data="2"))


@pytest.mark.slow
def test_the_run_before_this_one_needs_no_commit_and_experiments_are_found_by_name(tmp_path, few_digits, capsys):
    project = Project(tmp_path / "sub")  # of a repository
    project.environment |= {"PYTHONPATH": str(graph.ROOT)}

    def run(rotate, *wrong):
        images, labels = (array[:40] for array in few_digits)
        evaluated.fill(project.folder, images, labels, FOLD, evaluated.make_probabilities(labels, wrong))
        project.set(**{"augment.rotate": rotate})
        project.repro()

    def printed(*arguments):
        sys.argv[1:] = arguments
        with chdir(project.folder):
            compare.main()
        return capsys.readouterr().out

    project.folder.mkdir()
    (project / "dvc.yaml").write_text(DVC_YAML)
    project.git("init", "-q", "..")
    project.run("dvc", "init", "-q", "--subdir")
    run(10, 2)
    with pytest.raises(InputError, match="no other run"):
        printed()
    project.git("add", "-A")
    project.git("commit", "-qm", "Baseline")
    run(20, 3)
    text = printed()
    assert "the run of 20" in text and re.search(r"augment\.rotate +10  →  20\n +accuracy +0\.9  →  0\.9\n", text)
    assert "9 of 10 correct, 9 before: 1 newly correct, 1 newly misclassified" in text
    page = (project / "reports/comparison.html").read_text()
    assert "Newly misclassified: 1" in text_of(page) and page.count("data:image/png") == 2

    assert "Baseline" in printed("HEAD") and "10  →  20" in printed("HEAD")
    for baseline, name in ("b3/5f25", "low-lr"), ("c4/5f25", "low-lr"), ("c4/5f25", "once"), ("apply", "ORIG_HEAD"):
        project.git("update-ref", f"refs/exps/{baseline}/{name}", "HEAD")
    assert "once: " in printed("once")
    with pytest.raises(InputError, match="several experiments are named low-lr; use a hash: "):
        printed("low-lr")
    with pytest.raises(InputError, match="'low-rl' is not a commit, branch, tag or experiment"):
        printed("low-rl")
