"""The files that evaluate and submission write, for known predictions."""

import json
import re
from pathlib import Path

import evaluated
import numpy as np
import pandas as pd
import pytest

from digits.data import arrays, kaggle_csv
from digits.errors import InputError
from digits.evaluation import metrics
from stages import evaluate, submission


@pytest.fixture
def predicted(tmp_path, few_digits, monkeypatch):
    """A working folder with 200 digits: 20 held out, folds 0 and 1 predicted, fold 2 not. Returns labels and fold."""
    monkeypatch.chdir(tmp_path)
    images, labels = few_digits
    fold = np.repeat(np.array([arrays.HELD_OUT, 0, 1, 2], np.int8), [20, 60, 60, 60])
    probabilities = evaluated.make_probabilities(labels, unpredicted=fold == 2)
    for wrong in (3, 11, 25):  # two held out, one out of fold
        probabilities[wrong] = np.roll(probabilities[wrong], 1)
    evaluated.fill(tmp_path, images, labels, fold, probabilities)
    return labels, fold


def read_results():
    """Read the metrics and the details."""
    return [json.loads(Path(f"reports/{name}.json").read_text()) for name in ("metrics", "details")]


def test_the_metrics_count_each_image_in_its_split(predicted):
    evaluate.main()
    results, details = read_results()
    assert sorted(results) == ["accuracy", "errors", "gain", "log_loss", "oof_accuracy", "oof_log_loss"]
    assert all(isinstance(value, int | float) for value in results.values())
    assert (results["accuracy"], results["errors"], results["gain"], details["images"]) == (0.9, 2, 0, 20)
    assert (results["oof_accuracy"], details["oof_errors"], details["oof_images"]) == (pytest.approx(119 / 120), 1, 120)
    for prefix, correct, images in ("", 18, 20), ("oof_", 119, 120):
        interval = details[f"{prefix}accuracy_low"], details[f"{prefix}accuracy_high"]
        assert interval == metrics.accuracy_interval(correct, images)
        name = f"{prefix}calibration_error"
        assert details[f"{name}_low"] < details[name] < details[f"{name}_high"]


def test_the_table_of_predictions_has_a_line_for_each_predicted_image(predicted):
    labels, _ = predicted
    evaluate.main()
    table = pd.read_csv("reports/plots/predictions.csv")
    assert list(table) == ["row", "label", "predicted", "confidence", "split"]
    assert table.row.tolist() == list(range(1, 141)) and table.label.tolist() == labels[:140].tolist()
    assert table.split.tolist() == ["held-out"] * 20 + ["out-of-fold"] * 120 and set(table.confidence) == {0.82}
    assert table.row[table.predicted != table.label].tolist() == [4, 12, 26]


def test_the_gain_of_an_ensemble_is_how_many_errors_fewer_it_makes_than_its_members_on_average(predicted):
    labels, fold = predicted
    held_out = fold == arrays.HELD_OUT
    alone = np.stack([np.eye(10, dtype=np.float32)[labels[held_out]]] * 3, axis=1)
    for member, wrong in enumerate([range(5), range(2), range(5, 9)]):  # 5, 2 and 4 errors; the ensemble makes 2
        alone[wrong, member] = np.roll(alone[wrong, member], 1, axis=1)
    arrays.save("data/predictions/held_out.npz", probabilities=alone)
    evaluate.main()
    results, details = read_results()
    assert details["member_errors"] == [5, 2, 4] and results["errors"] == 2
    assert results["gain"] == pytest.approx((5 + 2 + 4) / 3 - 2)
    page = " ".join(re.sub("<[^>]*>", " ", Path("reports/index.html").read_text()).split())
    assert "ensemble gain 1.7 errors fewer" in page


def test_without_a_held_out_set_its_metrics_are_absent(predicted):
    labels, fold = predicted
    images = arrays.load_labelled("data/prepared/labelled.npz").images
    arrays.save("data/prepared/labelled.npz", images=images, labels=labels, fold=np.maximum(fold, 0))
    arrays.save("data/predictions/held_out.npz", probabilities=np.empty((0, 1, 10), np.float32))
    evaluate.main()
    results, details = read_results()
    assert sorted(results) == ["oof_accuracy", "oof_log_loss"]
    assert details["oof_images"] == 140 and "images" not in details


def test_the_results_are_the_same_bytes_twice(predicted, tmp_path):
    def read_all():
        evaluate.main()
        files = [*(tmp_path / "reports").glob("*.*"), *(tmp_path / "reports/plots").iterdir()]
        return {path.name: path.read_bytes() for path in files}

    first = read_all()
    plots = {"confusion.png", "curves.csv", "mistakes.png", "per_digit.csv", "predictions.csv"}
    plots |= {"reliability.csv", "reliability.png"}
    assert set(first) == {"metrics.json", "details.json", "index.html"} | plots
    assert read_all() == first


def test_without_a_misclassified_image_every_file_is_written(predicted):
    labels, _ = predicted
    arrays.save("data/predictions/labelled.npz", probabilities=np.eye(10, dtype=np.float32)[labels])
    evaluate.main()
    assert read_results()[0]["accuracy"] == 1


def test_the_submission_has_kaggles_format_and_the_frequency_of_each_digit_is_printed(predicted, capsys):
    digits = np.array([3, 1, 4, 1, 5])
    arrays.save("data/predictions/unlabelled.npz", probabilities=np.eye(10, dtype=np.float32)[digits])
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    submission.main()
    assert Path("reports/submission.csv").read_text() == "ImageId,Label\n1,3\n2,1\n3,4\n4,1\n5,5\n"
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("submission") and printed[-1].split()[2] == "40.0%"


def test_a_sample_submission_of_another_length_is_refused_and_nothing_is_written(predicted, tmp_path):
    arrays.save("data/predictions/unlabelled.npz", probabilities=np.eye(10, dtype=np.float32))
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    with pytest.raises(InputError, match=r"10 predictions.*sample_submission\.csv has 5 ids"):
        submission.main()
    assert not (tmp_path / "reports/submission.csv").exists()
