"""Evaluate the networks on images that they were not trained on, and write the report.

data/prepared/labelled.npz       images (N, 28, 28) uint8, labels (N,), fold (N,)
data/predictions/labelled.npz    probabilities (N, 10) float32, NaN where every network was trained on the image
data/predictions/held_out.npz    probabilities (H, K, 10) float32, of the held-out images by each member alone
data/predictions/unlabelled.npz  probabilities (M, 10) float32
reports/training/, reports/labels/, reports/search/, params.yaml: shown in the report
→ reports/metrics.json           the six metrics to compare runs by; without a held-out set, the two out-of-fold ones
→ reports/details.json           numbers of images, 95 % intervals, calibration errors, errors of each member
→ reports/plots/                 predictions.csv, confusion.png, per_digit.csv, mistakes.png: of the predicted images
                                 reliability.csv, reliability.png: of the held-out images; if none, the out-of-fold ones
                                 curves.csv: loss and accuracy of every member in each epoch
→ reports/index.html             the report
"""

from pathlib import Path

import pandas as pd

from digits import arrays, errors, files, versions
from digits.evaluation import metrics, report, result_charts, training_curves
from digits.evaluation.predictions import HELD_OUT, PROBABILITIES, tabulate
from digits.settings import Members
from digits.settings import Params as StageParams

PLOTS = Path("reports/plots")


class Params(StageParams):
    members: Members


def main() -> None:
    params = Params.load()
    versions.check()
    files.remove_unlisted(training_curves.FOLDER, params.members)
    labelled = arrays.load_labelled("data/prepared/labelled.npz")
    probabilities = arrays.load_probabilities("data/predictions/labelled.npz")
    by_member = arrays.load_probabilities_by_member("data/predictions/held_out.npz")
    unlabelled = arrays.load_probabilities("data/predictions/unlabelled.npz").argmax(axis=1)

    predictions = tabulate(labelled.labels, labelled.fold, probabilities)
    results, details = metrics.compute(predictions, by_member)
    files.write_json("reports/metrics.json", results)
    files.write_json("reports/details.json", details)

    held_out = predictions[predictions.split == HELD_OUT]
    reliability = metrics.reliability(predictions if held_out.empty else held_out)
    write_csv("predictions.csv", predictions.drop(columns=PROBABILITIES).round({"confidence": 6}))
    write_csv("per_digit.csv", metrics.per_digit(predictions))
    write_csv("reliability.csv", reliability)
    write_csv("curves.csv", pd.concat(map(training_curves.read, params.members)))
    result_charts.draw_confusion(predictions, PLOTS / "confusion.png")
    result_charts.draw_mistakes(predictions, labelled.images, PLOTS / "mistakes.png")
    result_charts.draw_reliability(reliability, PLOTS / "reliability.png")
    report.write("reports/index.html", labelled, predictions, unlabelled, results, details, params.members)


def write_csv(name: str, table: pd.DataFrame) -> None:
    """Write a table to reports/plots/."""
    with files.atomic_write(PLOTS / name) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    errors.run(main)
