"""Measure on images that the judging network has not learned from, and show its mistakes.

data/prepared/labelled.npz     images (N, 28, 28) uint8, labels (N,), fold (N,)
data/predictions/labelled.npz  probabilities (N, 10) float32, NaN where nobody judged
→ reports/metrics.json         a dozen numbers; those of the held-out set are absent when split.test is 0
→ reports/plots/               confusion.csv, confusion.png, per_digit.csv, mistakes.png: held-out and out-of-fold images
→ reports/index.html           all of it on one page
"""

import csv
from pathlib import Path

import numpy as np

from digits import archives, errors, files, report, result_charts, scores
from digits.settings import Members
from digits.settings import Params as StageParams

PLOTS = Path("reports/plots")


class Params(StageParams):
    members: Members


def main():
    params = Params.load()
    images, labels, fold = archives.load_labelled("data/prepared/labelled.npz")
    probabilities = archives.load_probabilities("data/predictions/labelled.npz")
    metrics = measure(probabilities, labels, fold) | {"members": len(params.members)}
    files.write_json("reports/metrics.json", metrics)

    judged = ~np.isnan(probabilities[:, 0])
    images, labels, probabilities = images[judged], labels[judged], probabilities[judged]
    predicted = probabilities.argmax(axis=1)
    write_csv(PLOTS / "confusion.csv", ["actual", "predicted"], zip(labels, predicted, strict=True))
    write_csv(PLOTS / "per_digit.csv", ["digit", "precision", "recall", "f1", "images"], scores.per_digit(labels, predicted))
    result_charts.draw_confusion(labels, predicted, PLOTS / "confusion.png")
    result_charts.draw_mistakes(images, labels, probabilities, PLOTS / "mistakes.png")
    report.write(metrics, scores.per_digit(labels, predicted), PLOTS, "reports/index.html")


def measure(probabilities, labels, fold):
    """Score the held-out images, if there are any, and the out-of-fold ones: a flat dict of numbers."""
    predicted = probabilities.argmax(axis=1)
    metrics = {}
    held_out = fold == archives.HELD_OUT
    if held_out.any():
        images, errors_made = int(held_out.sum()), int((predicted != labels)[held_out].sum())
        low, high = scores.accuracy_interval(images - errors_made, images)
        metrics |= {
            "heldout_accuracy": 1 - errors_made / images,
            "heldout_accuracy_low": low,
            "heldout_accuracy_high": high,
            "heldout_errors": errors_made,
            "heldout_images": images,
            "heldout_log_loss": scores.negative_log_likelihood(probabilities[held_out], labels[held_out]),
            "heldout_calibration_error": scores.calibration_error(probabilities[held_out], labels[held_out]),
        }
    out_of_fold = ~held_out & ~np.isnan(probabilities[:, 0])
    return metrics | {
        "oof_accuracy": float((predicted == labels)[out_of_fold].mean()),
        "oof_images": int(out_of_fold.sum()),
        "oof_log_loss": scores.negative_log_likelihood(probabilities[out_of_fold], labels[out_of_fold]),
    }


def write_csv(path, header, rows):
    with files.replacing(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    errors.run(main)
