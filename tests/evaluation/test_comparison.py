"""`make compare`: what differs between the results in the working folder and those of another revision."""

import re
from contextlib import chdir

import numpy as np
import pytest
from evaluated import make_probabilities, text_of
from project import Project

from digits import arrays
from digits.errors import InputError
from digits.evaluation import comparison, predictions

LABELS = np.repeat(np.arange(10, dtype=np.uint8), 4)
FOLD = np.repeat(np.array([arrays.HELD_OUT, 0], np.int8), [10, 30])


def make_run(*misclassified, images=None):
    """A run of 10 held-out and 30 out-of-fold images, of which the ones at these places are misclassified."""
    images = np.zeros((40, 28, 28), np.uint8) if images is None else images
    probabilities = make_probabilities(LABELS)
    for place in misclassified:
        probabilities[place] = np.roll(probabilities[place], 1)
    labelled = arrays.Labelled(images, LABELS, FOLD)
    return comparison.Run({}, {}, labelled, predictions.tabulate(LABELS, FOLD, probabilities))


def test_only_what_differs_is_listed_with_a_dash_for_what_is_absent():
    before = {"lr": 0.008, "seed": 1, "elastic": 0.6}
    assert comparison.list_differences(before, {"lr": 0.001, "seed": 1, "members": [0, 1]}) == [
        ("lr", "0.008", "0.001"),
        ("members", "–", "[0, 1]"),
        ("elastic", "0.6", "–"),
    ]


def test_images_that_one_run_misclassifies_are_counted_in_their_split_with_mcnemars_p_value():
    held_out, out_of_fold = comparison.compare_predictions(make_run(2, 20), make_run(2, 3, 4, 5, 6, 7, 8))
    assert held_out.split == "held-out" and held_out.images == 10
    assert held_out.corrected.empty and held_out.misclassified.row.tolist() == [4, 5, 6, 7, 8, 9]
    assert held_out.p_value == pytest.approx(2 / 2**6)
    assert out_of_fold.corrected.row.tolist() == [21] and out_of_fold.p_value == 1
    assert held_out.misclassified.predicted_before.tolist() == held_out.misclassified.label.tolist()


def test_runs_on_different_images_are_not_compared_image_by_image():
    other = np.ones((40, 28, 28), np.uint8)
    assert comparison.compare_predictions(make_run(2), make_run(3, images=other)) == []


def test_a_revision_that_does_not_exist_is_named(tmp_path):
    project = Project(tmp_path)
    project.git("init", "-q")
    with chdir(tmp_path), pytest.raises(InputError, match="'low-rl' is no commit.*dvc exp show"):
        comparison._resolve("low-rl")


def test_the_references_of_an_applied_experiment_are_no_experiments(tmp_path):
    project = Project(tmp_path)
    project.git("init", "-q")
    project.git("commit", "-q", "--allow-empty", "-m", "Results")
    for name in "apply/ORIG_HEAD", "b3/5f25/low-lr", "exec/EXEC_APPLY":
        project.git("update-ref", f"refs/exps/{name}", "HEAD")
    with chdir(tmp_path):
        assert comparison._experiments() == {"low-lr": project.git("rev-parse", "HEAD").strip()}


@pytest.mark.slow
def test_the_previous_run_in_the_cache_is_found_and_a_revision_that_is_not_in_it_is_refused(tiny_project):
    project = tiny_project
    project.install()
    ran = project.run("make", "compare", check=False)
    assert ran.returncode != 0 and "no earlier run" in ran.stdout and "Traceback" not in ran.stdout

    project.set(lr=0.02)
    project.repro()
    printed = project.run("make", "compare").stdout
    assert "A tiny run" in printed and re.search(r"^  lr +0\.008  →  0\.02$", printed, re.MULTILINE)
    page = (project / "reports/comparison.html").read_text()
    assert "A tiny run" in text_of(page) and "newly" in page and "data:image/png" in page
    project.git("commit", "-qam", "A higher learning rate")
    assert project.run("make", "compare").stdout == printed, "the same after the commit"
    assert project.git("status", "--porcelain") == ""
    assert "are the same" in project.run("make", "compare", "REV=HEAD").stdout
    ran = project.run("make", "compare", 'REV="; echo injected; "', check=False)
    assert ran.returncode != 0 and "is no commit" in ran.stdout and "\ninjected" not in ran.stdout

    md5 = comparison._recorded_md5((project / "dvc.lock").read_text())
    project.set(lr=0.008)
    project.repro()
    cached = project / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"
    cached.chmod(0o644)
    cached.unlink()
    ran = project.run("make", "compare", "REV=HEAD", check=False)
    assert ran.returncode != 0 and "data/predictions/labelled.npz of" in ran.stdout and "Traceback" not in ran.stdout
