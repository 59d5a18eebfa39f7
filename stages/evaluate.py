"""Measure on images that no network was trained on, and show the mistakes.

data/prepared/labelled.npz     images (N, 28, 28) uint8, labels (N,), fold (N,)
data/predictions/labelled.npz  probabilities (N, 10) float32, NaN where every network was trained on the image
data/predictions/held_out.npz  probabilities (H, K, 10) float32, of the held-out images by each member alone
reports/training/, reports/labels/, params.yaml: the curves, the label charts and the settings, to show them
→ reports/metrics.json         the six metrics that one compares; without a held-out set, the two out-of-fold ones
→ reports/details.json         what explains them: numbers of images, 95 % intervals, calibration, errors of each member
→ reports/plots/               confusion.csv, confusion.png, per_digit.csv, mistakes.png: held-out and out-of-fold images
                               reliability.csv, reliability.png: the held-out ones, without them the out-of-fold ones
                               curves.csv: loss and accuracy of every member in each epoch
→ reports/index.html           all of it on one page
"""

from pathlib import Path

import numpy as np

from digits import errors, files, versions
from digits.data import arrays
from digits.evaluation import report, result_charts, scores, training_curves
from digits.evaluation.predictions import Predictions
from digits.settings import Members
from digits.settings import Params as StageParams

PLOTS = Path("reports/plots")


class Params(StageParams):
    members: Members


def main():
    params = Params.load()
    versions.check()
    files.remove_unlisted(training_curves.FOLDER, params.members)
    labelled = arrays.load_labelled("data/prepared/labelled.npz")
    judged = Predictions.among(labelled, arrays.load_probabilities("data/predictions/labelled.npz"))
    by_member = arrays.load_probabilities_by_member("data/predictions/held_out.npz")
    held_out, out_of_fold = judged.where(judged.held_out), judged.where(~judged.held_out)
    metrics, details = measure(held_out, out_of_fold, by_member)
    files.write_json("reports/metrics.json", metrics)
    files.write_json("reports/details.json", details)

    submitted = held_out if len(held_out) else out_of_fold
    reliability = scores.reliability(submitted.probabilities, submitted.labels)
    per_digit = scores.per_digit(judged.labels, judged.predicted)
    files.write_csv(PLOTS / "confusion.csv", ["actual", "predicted"], zip(judged.labels, judged.predicted, strict=True))
    files.write_csv(PLOTS / "per_digit.csv", ["digit", "precision", "recall", "f1", "images"], per_digit)
    files.write_csv(PLOTS / "reliability.csv", ["confidence", "accuracy", "low", "high", "images"], reliability)
    files.write_csv(PLOTS / "curves.csv", training_curves.COLUMNS, training_curves.rows(params.members))
    result_charts.draw_confusion(judged.labels, judged.predicted, PLOTS / "confusion.png")
    result_charts.draw_mistakes(judged, PLOTS / "mistakes.png")
    result_charts.draw_reliability(reliability, PLOTS / "reliability.png")
    label_counts = np.bincount(labelled.labels, minlength=10)
    report.write("reports/index.html", metrics, details, judged, reliability, label_counts, params.members)


def measure(held_out, out_of_fold, by_member):
    """Compute the metrics and what explains them, each a flat dict.

    Args:
        held_out: Predictions, by the ensemble; may be empty.
        out_of_fold: Predictions.
        by_member: probabilities (H, members, 10) of the held-out images.

    Returns:
        metrics {name: number}. `gain` is by how many errors the ensemble makes fewer on the held-out images
        than its members do on average.
        details {name: number, or a list of one number a member}.
    """
    metrics, details = {}, {}
    for prefix, predictions in ("", held_out), ("oof_", out_of_fold):
        if len(predictions):
            images, errors_made = len(predictions), len(predictions.mistakes())
            low, high = scores.accuracy_interval(images - errors_made, images)
            metrics[f"{prefix}accuracy"] = 1 - errors_made / images
            metrics[f"{prefix}log_loss"] = scores.negative_log_likelihood(predictions.probabilities, predictions.labels)
            details |= {f"{prefix}images": images, f"{prefix}errors": errors_made}
            details |= {f"{prefix}accuracy_low": low, f"{prefix}accuracy_high": high}
            details[f"{prefix}calibration_error"] = scores.calibration_error(
                predictions.probabilities, predictions.labels
            )
    if len(held_out):
        member_errors = scores.member_errors(by_member, held_out.labels)
        metrics["errors"] = details["errors"]
        metrics["gain"] = float(member_errors.mean() - details["errors"])
        details["member_errors"] = member_errors.tolist()
    return metrics, details


if __name__ == "__main__":
    errors.run(main)
