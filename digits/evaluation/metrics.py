"""Metrics of predictions, which are tables as digits.evaluation.predictions describes them."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import log_loss, precision_recall_fscore_support

from digits.arrays import TRAIN_ONLY, Labelled, MemberPredictions
from digits.evaluation.predictions import HELD_OUT, OUT_OF_FOLD, PROBABILITIES

BINS = 15
RESAMPLES = 1000


def compute(predictions: pd.DataFrame, by_member: Sequence[MemberPredictions]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compute the metrics to compare runs by, and the details that explain them.

    Args:
        predictions: the table; each split may be empty.
        by_member: what each member predicts, of which the held-out images are used.

    Returns:
        metrics {name: number}. `gain` is how many errors fewer the ensemble makes on the held-out images than its
        members do on average.
        details {name: number, or a list with a number per member}.
    """
    results: dict[str, Any] = {}
    details: dict[str, Any] = {}
    for prefix, split in ("", HELD_OUT), ("oof_", OUT_OF_FOLD):
        part = predictions[predictions.split == split]
        if part.empty:
            continue
        errors = int((part.predicted != part.label).sum())
        results[f"{prefix}accuracy"] = 1 - errors / len(part)
        results[f"{prefix}log_loss"] = mean_log_loss(part[PROBABILITIES].to_numpy(), part.label)
        details |= {f"{prefix}images": len(part), f"{prefix}errors": errors}
        low, high = accuracy_interval(len(part) - errors, len(part))
        details |= {f"{prefix}accuracy_low": low, f"{prefix}accuracy_high": high}
        error, low, high = calibration_error(part)
        details[f"{prefix}calibration_error"] = error
        details |= {f"{prefix}calibration_error_low": low, f"{prefix}calibration_error_high": high}
        if split == HELD_OUT:
            alone = [int((each.held_out.argmax(axis=1) != part.label).sum()) for each in by_member]
            results |= {"errors": errors, "gain": float(np.mean(alone)) - errors}
            details["member_errors"] = alone
    return results, details


def accuracy_interval(correct: int, images: int) -> tuple[float, float]:
    """Compute Wilson's 95 % interval of an accuracy: (low, high).

    Source: Wilson, JASA 22 (1927), without continuity correction.
    """
    interval = binomtest(correct, images).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def compare_accuracies(images: int, corrected: int, misclassified: int) -> tuple[float, float, float]:
    """Test the difference between the accuracies of two ensembles on the same images.

    Args:
        images: number of images.
        corrected, misclassified: those that only the second, or only the first ensemble predicts correctly.

    Returns:
        the low and high end of the 95 % interval of the difference (Agresti and Min, Statistics in Medicine 24, 2005:
        Wald's, with half an image added to each of the four cells), and p of the exact McNemar test (McNemar,
        Psychometrika 12, 1947): the probability of such a difference, or a larger one, between equally accurate ones.
    """
    gain = corrected - misclassified
    middle = gain / (images + 2)
    margin = 1.96 * math.sqrt(corrected + misclassified + 1 - gain * middle) / (images + 2)
    p = float(binomtest(corrected, corrected + misclassified).pvalue)
    return middle - margin, middle + margin, p


def mean_log_loss(probabilities: NDArray[np.float32], labels: NDArray[Any] | pd.Series) -> float:
    """Compute the mean of −ln p(label), in nats; probabilities (N, 10), labels (N,)."""
    exact = probabilities.astype(np.float64)
    return float(log_loss(labels, exact / exact.sum(axis=1, keepdims=True), labels=range(10)))


def reliability(predictions: pd.DataFrame) -> pd.DataFrame:
    """Compare accuracy with confidence in each of 15 equal bins of confidence; empty bins are left out.

    Returns:
        columns confidence (the bin's mean), accuracy, low and high (the 95 % interval of the accuracy), images.
    """
    correct = predictions.predicted == predictions.label
    groups = predictions.assign(correct=correct).groupby(_assign_bins(predictions))
    table = groups.agg(confidence=("confidence", "mean"), accuracy=("correct", "mean"))
    counts = zip(groups.correct.sum(), groups.size(), strict=True)
    table[["low", "high"]] = [accuracy_interval(int(correct), int(images)) for correct, images in counts]
    return table.assign(images=groups.size())


def calibration_error(predictions: pd.DataFrame) -> tuple[float, float, float]:
    """Compute the expected calibration error in 0-1: the mean difference between confidence and accuracy.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3, with the bins of
    `reliability`. The interval is from the percentile bootstrap; scipy.stats.bootstrap gives the same and takes several
    times as long.

    Returns:
        the error, and the low and high end of its 95 % interval.
    """
    excess = predictions.confidence.to_numpy() - (predictions.predicted == predictions.label).to_numpy()
    bins = _assign_bins(predictions)

    def compute(sample: Any) -> float:
        return float(np.abs(np.bincount(bins[sample], excess[sample])).sum() / len(bins))

    random = np.random.default_rng(0)
    errors = [compute(random.integers(len(bins), size=len(bins))) for _ in range(RESAMPLES)]
    low, high = np.quantile(errors, [0.025, 0.975])
    return compute(slice(None)), float(low), float(high)


def _assign_bins(predictions: pd.DataFrame) -> NDArray[np.intp]:
    return np.minimum((predictions.confidence.to_numpy() * BINS).astype(int), BINS - 1)


def per_digit(predictions: pd.DataFrame) -> pd.DataFrame:
    """Compute columns digit (0-9), precision, recall, f1 and images (with that label); 0 where undefined."""
    columns = precision_recall_fscore_support(
        predictions.label, predictions.predicted, labels=range(10), zero_division=0.0
    )
    named = dict(zip(["precision", "recall", "f1", "images"], columns, strict=True))
    return pd.DataFrame({"digit": range(10)} | named)


def hash_data(labelled: Labelled) -> dict[str, str]:
    """Hash the images that are evaluated, and their split, so that runs with the same ones are recognized."""
    images, labels, fold = (array[labelled.fold != TRAIN_ONLY] for array in labelled)
    md5 = hashlib.md5(images)
    md5.update(labels)
    return {"images": md5.hexdigest(), "split": hashlib.md5(fold).hexdigest()}
