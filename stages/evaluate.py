"""Measure on images that the judging network has not learned from, and show its mistakes.

data/prepared/labelled.npz     images (N, 28, 28) uint8, labels (N,), fold (N,)
data/predictions/labelled.npz  probabilities (N, 10) float32, NaN where nobody judged
reports/training/, reports/labels/, params.yaml: the curves, the label charts and the settings, to show them
→ reports/metrics.json         a dozen numbers; those of the held-out set are absent when split.test is 0
→ reports/plots/               confusion.csv, confusion.png, per_digit.csv, mistakes.png: held-out and out-of-fold images
                               reliability.csv, reliability.png: the held-out ones, without them the out-of-fold ones
→ reports/index.html           all of it on one page
"""

from pathlib import Path

import numpy as np

from digits import archives, errors, files, report, result_charts, scores
from digits.judged import Judged
from digits.settings import Members
from digits.settings import Params as StageParams

PLOTS = Path("reports/plots")


class Params(StageParams):
    members: Members


def main():
    params = Params.load()
    labelled = archives.load_labelled("data/prepared/labelled.npz")
    judged = Judged.among(labelled, archives.load_probabilities("data/predictions/labelled.npz"))
    held_out, out_of_fold = judged.where(judged.held_out), judged.where(~judged.held_out)
    metrics = measure(held_out, out_of_fold)
    files.write_json("reports/metrics.json", metrics)

    submitted = held_out if len(held_out) else out_of_fold
    reliability = scores.reliability(submitted.probabilities, submitted.labels)
    per_digit = scores.per_digit(judged.labels, judged.predicted)
    files.write_csv(PLOTS / "confusion.csv", ["actual", "predicted"], zip(judged.labels, judged.predicted, strict=True))
    files.write_csv(PLOTS / "per_digit.csv", ["digit", "precision", "recall", "f1", "images"], per_digit)
    files.write_csv(PLOTS / "reliability.csv", ["confidence", "accuracy", "low", "high", "images"], reliability)
    result_charts.draw_confusion(judged.labels, judged.predicted, PLOTS / "confusion.png")
    result_charts.draw_mistakes(judged, PLOTS / "mistakes.png")
    result_charts.draw_reliability(reliability, PLOTS / "reliability.png")
    report.write("reports/index.html", metrics, judged, reliability, np.bincount(labelled.labels, minlength=10), params.members)


def measure(held_out, out_of_fold):
    """Score the held-out images, if there are any, and the out-of-fold ones, both Judged: a flat dict of numbers."""
    metrics = {}
    if len(held_out):
        metrics |= {f"heldout_{name}": value for name, value in _scores(held_out).items()}
        metrics["heldout_errors"] = len(held_out.mistakes())
        metrics["heldout_calibration_error"] = scores.calibration_error(held_out.probabilities, held_out.labels)
    return metrics | {f"oof_{name}": value for name, value in _scores(out_of_fold).items()}


def _scores(judged):
    right = len(judged) - len(judged.mistakes())
    low, high = scores.accuracy_interval(right, len(judged))
    return {
        "accuracy": right / len(judged),
        "accuracy_low": low,
        "accuracy_high": high,
        "images": len(judged),
        "log_loss": scores.negative_log_likelihood(judged.probabilities, judged.labels),
    }


if __name__ == "__main__":
    errors.run(main)
