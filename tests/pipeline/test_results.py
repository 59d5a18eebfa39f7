"""What evaluate and submission write, from predictions that are known."""

import json
import re

import evaluated
import numpy as np
import pytest

from digits.data import arrays, kaggle_csv
from digits.evaluation import scores
from stages import evaluate, submission


@pytest.fixture
def predicted(tmp_path, few_digits, monkeypatch):
    """A working folder with predictions for 200 digits, 20 held out, folds 0 and 1 predicted, fold 2 not: labels, fold."""
    monkeypatch.chdir(tmp_path)
    images, labels = few_digits
    fold = np.repeat(np.array([arrays.HELD_OUT, 0, 1, 2], np.int8), [20, 60, 60, 60])
    probabilities = evaluated.known_predictions(labels, unjudged=fold == 2)
    for wrong in (3, 11, 25):  # two held out, one out of fold
        probabilities[wrong] = np.roll(probabilities[wrong], 1)
    evaluated.fill(tmp_path, images, labels, fold, probabilities)
    return labels, fold


def written():
    """What evaluate wrote: the metrics and the details."""
    return [json.loads(open(f"reports/{name}.json").read()) for name in ("metrics", "details")]


def test_the_metrics_count_each_image_where_it_belongs(predicted):
    evaluate.main()
    metrics, details = written()
    assert sorted(metrics) == ["accuracy", "errors", "gain", "log_loss", "oof_accuracy", "oof_log_loss"]
    assert metrics["errors"] == 2 and details["images"] == 20 and metrics["accuracy"] == 0.9 and metrics["gain"] == 0
    assert (details["accuracy_low"], details["accuracy_high"]) == pytest.approx(scores.accuracy_interval(18, 20))
    assert (
        details["oof_images"] == 120
        and details["oof_errors"] == 1
        and metrics["oof_accuracy"] == pytest.approx(119 / 120)
    )
    assert (details["oof_accuracy_low"], details["oof_accuracy_high"]) == pytest.approx(
        scores.accuracy_interval(119, 120)
    )
    assert all(isinstance(value, int | float) for value in metrics.values())
    actual, guessed = np.loadtxt("reports/plots/confusion.csv", delimiter=",", skiprows=1, dtype=int).T
    assert len(actual) == 140 and (actual != guessed).sum() == 3


def test_the_gain_of_an_ensemble_is_how_many_errors_its_members_make_more_on_average_on_the_same_images(predicted):
    labels, fold = predicted
    held_out = fold == arrays.HELD_OUT
    alone = np.stack([np.eye(10, dtype=np.float32)[labels[held_out]]] * 3, axis=1)
    for member, wrong in enumerate([range(5), range(2), range(5, 9)]):  # 5, 2 and 4 errors; the ensemble makes 2
        alone[wrong, member] = np.roll(alone[wrong, member], 1, axis=1)
    arrays.save("data/predictions/held_out.npz", probabilities=alone)
    evaluate.main()
    metrics, details = written()
    assert details["member_errors"] == [5, 2, 4] and metrics["errors"] == 2
    assert metrics["gain"] == pytest.approx((5 + 2 + 4) / 3 - 2)
    assert "gain of the ensemble 1.7 errors fewer" in " ".join(
        re.sub("<[^>]*>", " ", open("reports/index.html").read()).split()
    )


def test_without_a_held_out_set_its_figures_are_absent(predicted):
    labels, fold = predicted
    images = arrays.load_labelled("data/prepared/labelled.npz").images
    arrays.save(
        "data/prepared/labelled.npz", images=images, labels=labels, fold=np.where(fold == -1, 0, fold).astype(np.int8)
    )
    arrays.save("data/predictions/held_out.npz", probabilities=np.empty((0, 1, 10), np.float32))
    evaluate.main()
    metrics, details = written()
    assert sorted(metrics) == ["oof_accuracy", "oof_log_loss"]
    assert details["oof_images"] == 140 and "images" not in details


def test_the_results_are_the_same_bytes_twice(predicted, tmp_path):
    def results():
        evaluate.main()
        results = [
            path
            for path in (tmp_path / "reports").rglob("*")
            if path.parent.name in ("reports", "plots") and path.is_file()
        ]
        return {path.name: path.read_bytes() for path in results}

    first = results()
    plots = {
        "confusion.csv",
        "confusion.png",
        "curves.csv",
        "per_digit.csv",
        "mistakes.png",
        "reliability.csv",
        "reliability.png",
    }
    assert set(first) == {"metrics.json", "details.json", "index.html"} | plots
    assert results() == first


def test_a_perfect_result_still_makes_a_sheet(predicted):
    labels, _ = predicted
    arrays.save("data/predictions/labelled.npz", probabilities=np.eye(10, dtype=np.float32)[labels])
    evaluate.main()
    assert written()[0]["accuracy"] == 1


def test_the_submission_has_kaggles_form_and_tells_the_label_counts(predicted, capsys):
    answers = np.array([3, 1, 4, 1, 5])
    arrays.save("data/predictions/unlabelled.npz", probabilities=np.eye(10, dtype=np.float32)[answers])
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    submission.main()
    assert open("reports/submission.csv").read() == "ImageId,Label\n1,3\n2,1\n3,4\n4,1\n5,5\n"
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("submission") and printed[-1].split()[2] == "40.0%"


def test_a_sample_of_another_length_is_refused_and_nothing_written(predicted, tmp_path):
    arrays.save("data/predictions/unlabelled.npz", probabilities=np.eye(10, dtype=np.float32))
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    with pytest.raises(submission.errors.InputError, match="10 predictions for 5 ids"):
        submission.main()
    assert not (tmp_path / "reports/submission.csv").exists()
