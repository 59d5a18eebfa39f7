"""What evaluate and submission write, from predictions that are known."""

import json

import numpy as np
import pytest

import evaluation
from digits import archives, kaggle_csv, scores
from stages import evaluate, submission


@pytest.fixture
def predicted(tmp_path, few_digits, monkeypatch):
    """A working folder with predictions for 200 digits, 20 held out, folds 0 and 1 judged, fold 2 not: labels, fold."""
    monkeypatch.chdir(tmp_path)
    images, labels = few_digits
    fold = np.repeat(np.array([archives.HELD_OUT, 0, 1, 2], np.int8), [20, 60, 60, 60])
    probabilities = evaluation.known_predictions(labels, unjudged=fold == 2)
    for wrong in (3, 11, 25):  # two held out, one out of fold
        probabilities[wrong] = np.roll(probabilities[wrong], 1)
    evaluation.fill(tmp_path, images, labels, fold, probabilities)
    return labels, fold


def test_the_metrics_count_each_image_where_it_belongs(predicted):
    evaluate.main()
    metrics = json.loads(open("reports/metrics.json").read())
    assert metrics["heldout_errors"] == 2 and metrics["heldout_images"] == 20 and metrics["heldout_accuracy"] == 0.9
    assert (metrics["heldout_accuracy_low"], metrics["heldout_accuracy_high"]) == pytest.approx(scores.accuracy_interval(18, 20))
    assert metrics["oof_images"] == 120 and metrics["oof_accuracy"] == pytest.approx(119 / 120)
    assert (metrics["oof_accuracy_low"], metrics["oof_accuracy_high"]) == pytest.approx(scores.accuracy_interval(119, 120))
    assert len(metrics) <= 12
    assert all(isinstance(value, int | float) for value in metrics.values())
    actual, guessed = np.loadtxt("reports/plots/confusion.csv", delimiter=",", skiprows=1, dtype=int).T
    assert len(actual) == 140 and (actual != guessed).sum() == 3


def test_without_a_held_out_set_its_figures_are_absent(predicted):
    labels, fold = predicted
    images = archives.load_labelled("data/prepared/labelled.npz").images
    archives.save("data/prepared/labelled.npz", images=images, labels=labels, fold=np.where(fold == -1, 0, fold).astype(np.int8))
    evaluate.main()
    metrics = json.loads(open("reports/metrics.json").read())
    assert not [name for name in metrics if "heldout" in name]
    assert metrics["oof_images"] == 140


def test_the_results_are_the_same_bytes_twice(predicted, tmp_path):
    def written():
        evaluate.main()
        results = [path for path in (tmp_path / "reports").rglob("*") if path.parent.name in ("reports", "plots") and path.is_file()]
        return {path.name: path.read_bytes() for path in results}

    first = written()
    plots = {"confusion.csv", "confusion.png", "per_digit.csv", "mistakes.png", "reliability.csv", "reliability.png"}
    assert set(first) == {"metrics.json", "index.html"} | plots
    assert written() == first


def test_a_perfect_result_still_makes_a_sheet(predicted):
    labels, _ = predicted
    archives.save("data/predictions/labelled.npz", probabilities=np.eye(10, dtype=np.float32)[labels])
    evaluate.main()
    assert json.loads(open("reports/metrics.json").read())["heldout_accuracy"] == 1


def test_the_submission_has_kaggles_form_and_tells_the_label_counts(predicted, capsys):
    answers = np.array([3, 1, 4, 1, 5])
    archives.save("data/predictions/unlabelled.npz", probabilities=np.eye(10, dtype=np.float32)[answers])
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    submission.main()
    assert open("reports/submission.csv").read() == "ImageId,Label\n1,3\n2,1\n3,4\n4,1\n5,5\n"
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("submission") and printed[-1].split()[2] == "40.0%"


def test_a_sample_of_another_length_is_refused_and_nothing_written(predicted, tmp_path):
    archives.save("data/predictions/unlabelled.npz", probabilities=np.eye(10, dtype=np.float32))
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    with pytest.raises(submission.errors.InputError, match="10 predictions for 5 ids"):
        submission.main()
    assert not (tmp_path / "reports/submission.csv").exists()
