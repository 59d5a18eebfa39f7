"""Scores, against figures worked out by hand or published."""

import numpy as np
import pytest

from digits.evaluation import scores


def test_wilsons_interval_is_the_published_one():
    low, high = scores.accuracy_interval(81, 263)  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert scores.accuracy_interval(20, 20)[1] == 1


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.zeros((10, 10), np.float32)
    probabilities[:, 3], probabilities[:, 5] = 0.8, 0.2
    labels = np.array([3] * 6 + [5] * 4)
    assert scores.calibration_error(probabilities, labels) == pytest.approx(0.2)
    assert scores.calibration_error(np.eye(10)[labels], labels) == 0


def test_reliability_holds_accuracy_against_confidence_in_each_bin_that_holds_any():
    probabilities = np.zeros((10, 10), np.float32)
    probabilities[:6, 3], probabilities[:6, 5] = 0.75, 0.25
    probabilities[6:, 3] = 1
    labels = np.array([3, 3, 3, 5, 5, 5, 3, 3, 3, 3])
    rows = scores.reliability(probabilities, labels)
    assert rows == [(0.75, 0.5, *scores.accuracy_interval(3, 6), 6), (1.0, 1.0, *scores.accuracy_interval(4, 4), 4)]


def test_log_loss_is_the_mean_of_the_logarithms():
    probabilities = np.full((4, 10), 0.05, np.float32)
    probabilities[:, 2] = 0.55
    expected = -np.mean(np.log([0.55, 0.55, 0.05, 0.05]))
    assert scores.negative_log_likelihood(probabilities, np.array([2, 2, 1, 9])) == pytest.approx(expected)


def test_precision_and_recall_per_digit():
    rows = scores.per_digit(labels=[1, 1, 1, 2], predicted=[1, 1, 2, 2])
    assert rows[1][0] == 1 and rows[1][1:4] == pytest.approx((1, 2 / 3, 0.8)) and rows[1][4] == 3
    assert rows[2][1:4] == pytest.approx((0.5, 1, 2 / 3))
    assert len(rows) == 10 and rows[7] == (7, 0, 0, 0, 0)
