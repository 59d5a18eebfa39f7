"""Evaluate the networks on images that they were not trained on, and write the report.

data/prepared/labelled.npz      images (N, 28, 28) uint8, labels (N,), fold (N,)
data/predictions/member-K.npz   probabilities float32 of fold K, the held-out and the unlabelled images
reports/training/, params.yaml  shown in the report
→ reports/metrics.json          the six metrics to compare runs by; without a held-out set, the two out-of-fold ones
→ reports/details.json          numbers of images, intervals, the settings, and what else explains or identifies a run
→ reports/labels/               how often each digit occurs: counts.csv, bars.png, pie.png, interactive.html
→ reports/plots/                predictions.csv, per_digit.csv, mistakes.png: of the predicted images; reliability.csv
                                and .png: of the held-out ones, if any; curves.csv and .png: of each member and epoch
→ reports/index.html            the report
"""

from pathlib import Path

import numpy as np
import pandas as pd

from digits import arrays, errors, files
from digits.evaluation import charts, metrics, predictions, report
from digits.settings import Params as StageParams
from digits.settings import Settings

LABELS, PLOTS = Path("reports/labels"), Path("reports/plots")


class Params(Settings, StageParams):
    """All settings, since the report shows them."""


def main() -> None:
    params = Params.load()
    for folder in arrays.PREDICTIONS, "reports/training":
        files.remove_unlisted(folder, params.members)
    labelled = arrays.load_labelled()
    by_member = arrays.load_predictions(params.members)
    unlabelled = np.mean([each.unlabelled for each in by_member], axis=0).argmax(axis=1)

    probabilities = predictions.combine(labelled.fold, params.members, by_member)
    table = predictions.tabulate(labelled.labels, labelled.fold, probabilities)
    results, details = metrics.compute(table, by_member)
    details |= {"settings": params.model_dump(), "data": metrics.hash_data(labelled)}
    files.write_json("reports/metrics.json", results)
    files.write_json("reports/details.json", details)
    counts = np.bincount(labelled.labels, minlength=10)
    write_csv(LABELS / "counts.csv", pd.DataFrame({"digit": range(10), "images": counts}))
    charts.draw_bars(counts, LABELS / "bars.png", params.class_names)
    charts.draw_pie(counts, LABELS / "pie.png", params.class_names)
    charts.write_interactive(counts, LABELS / "interactive.html", params.class_names)

    held_out = table[table.split == predictions.HELD_OUT]
    reliability = metrics.reliability(table if held_out.empty else held_out)
    curves = pd.concat(map(charts.read_curves, params.members))
    write_csv(PLOTS / "predictions.csv", table.drop(columns=predictions.PROBABILITIES).round({"confidence": 6}))
    write_csv(PLOTS / "per_digit.csv", metrics.per_digit(table))
    write_csv(PLOTS / "reliability.csv", reliability)
    write_csv(PLOTS / "curves.csv", curves)
    charts.draw_mistakes(table, labelled.images, PLOTS / "mistakes.png", params.class_names)
    charts.draw_reliability(reliability, PLOTS / "reliability.png")
    charts.draw_curves(curves, PLOTS / "curves.png")
    report.write("reports/index.html", params, labelled, table, unlabelled, results, details)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    with files.atomic_write(path) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    errors.run(main)
