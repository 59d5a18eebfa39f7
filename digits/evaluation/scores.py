"""How good predictions are, and how sure one can be of that."""

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import log_loss, precision_recall_fscore_support

BINS = 15


def accuracy_interval(correct, images):
    """Wilson's 95 % interval of an accuracy: (low, high). Source: Wilson, JASA 22 (1927), without correction."""
    interval = binomtest(correct, images).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


def member_errors(probabilities, labels):
    """Count the errors of each member; probabilities (N, members, 10), labels (N,): (members,) integers."""
    return (probabilities.argmax(axis=2) != labels[:, None]).sum(axis=0)


def negative_log_likelihood(probabilities, labels):
    """Mean of −ln p(label), in nats; probabilities (N, 10), labels (N,)."""
    exact = probabilities.astype(np.float64)
    return log_loss(labels, exact / exact.sum(axis=1, keepdims=True), labels=range(10))


def calibration_error(probabilities, labels):
    """Expected calibration error in 0–1: by how much the confidence misses the accuracy, averaged over 15 equal bins.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3.
    """
    return sum(
        abs(accuracy - confidence) * images for confidence, accuracy, *_, images in reliability(probabilities, labels)
    ) / len(labels)


def reliability(probabilities, labels):
    """How often answers of the same confidence are right, in each of the 15 bins that holds any.

    Returns:
        rows (mean confidence, accuracy, low and high end of its 95 % interval, images).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = []
    for members in (bins == i for i in range(BINS)):
        if images := int(members.sum()):
            right = int(correct[members].sum())
            rows.append((float(confidence[members].mean()), right / images, *accuracy_interval(right, images), images))
    return rows


def per_digit(labels, predicted):
    """Precision, recall and F1 of each digit: rows (digit, precision, recall, f1, images)."""
    columns = precision_recall_fscore_support(labels, predicted, labels=range(10), zero_division=0.0)
    return [
        (digit, *(float(value) for value in row[:3]), int(row[3]))
        for digit, row in enumerate(zip(*columns, strict=True))
    ]
