"""Metrics, compared with values computed by hand or published."""

import numpy as np
import pytest

from digits import arrays
from digits.evaluation import metrics, predictions


def table(probabilities, labels):
    """A table of out-of-fold predictions."""
    return predictions.tabulate(np.array(labels), np.zeros(len(labels)), np.asarray(probabilities, np.float32))


def test_wilsons_interval_is_the_published_one():
    low, high = metrics.accuracy_interval(81, 263)  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert metrics.accuracy_interval(20, 20)[1] == 1


def test_calibration_error_is_the_difference_between_confidence_and_accuracy():
    probabilities = np.zeros((10, 10), np.float32)
    probabilities[:, 3], probabilities[:, 5] = 0.8, 0.2
    labels = np.array([3] * 6 + [5] * 4)
    assert metrics.calibration_error(table(probabilities, labels))[0] == pytest.approx(0.2)
    assert metrics.calibration_error(table(np.eye(10)[labels], labels)) == (0, 0, 0)


def test_the_interval_of_the_calibration_error_is_that_of_the_resampled_accuracy():
    probabilities = np.zeros((1000, 10), np.float32)
    probabilities[:, 3], probabilities[:, 5] = 0.8, 0.2
    _, low, high = metrics.calibration_error(table(probabilities, np.repeat([3, 5], [600, 400])))
    standard_error = np.sqrt(0.6 * 0.4 / 1000)
    assert (low, high) == pytest.approx((0.2 - 1.96 * standard_error, 0.2 + 1.96 * standard_error), abs=0.003)


def test_reliability_compares_accuracy_with_confidence_in_each_bin_that_is_not_empty():
    probabilities = np.zeros((10, 10), np.float32)
    probabilities[:6, 3], probabilities[:6, 5] = 0.75, 0.25
    probabilities[6:, 3] = 1
    reliability = metrics.reliability(table(probabilities, [3, 3, 3, 5, 5, 5, 3, 3, 3, 3]))
    assert list(reliability) == ["confidence", "accuracy", "low", "high", "images"]
    assert list(reliability.itertuples(index=False, name=None)) == [
        (0.75, 0.5, *metrics.accuracy_interval(3, 6), 6),
        (1.0, 1.0, *metrics.accuracy_interval(4, 4), 4),
    ]


def test_log_loss_is_the_mean_of_the_logarithms():
    probabilities = np.full((4, 10), 0.05, np.float32)
    probabilities[:, 2] = 0.55
    expected = -np.mean(np.log([0.55, 0.55, 0.05, 0.05]))
    assert metrics.mean_log_loss(probabilities, np.array([2, 2, 1, 9])) == pytest.approx(expected)


def test_precision_and_recall_per_digit():
    rows = metrics.per_digit(table(np.eye(10)[[1, 1, 2, 2]], labels=[1, 1, 1, 2])).set_index("digit")
    assert rows.loc[1].tolist() == pytest.approx([1, 2 / 3, 0.8, 3])
    assert rows.loc[2].tolist() == pytest.approx([0.5, 1, 2 / 3, 1])
    assert len(rows) == 10 and rows.loc[7].tolist() == [0, 0, 0, 0]


def test_runs_with_and_without_additional_training_images_are_compared_but_not_those_of_other_images(few_digits):
    images, labels = few_digits
    fold = np.zeros(200, np.int8)
    fold[190:] = arrays.TRAIN_ONLY
    with_drawings = metrics.hash_data(arrays.Labelled(images, labels, fold))
    assert with_drawings == metrics.hash_data(arrays.Labelled(images[:190], labels[:190], fold[:190]))
    assert with_drawings != metrics.hash_data(arrays.Labelled(images[1:191], labels[:190], fold[:190]))
