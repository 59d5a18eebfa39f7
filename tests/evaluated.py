"""Working folders with all that evaluate reads, made up: predictions that are known, curves, versions, label charts."""

import shutil
from contextlib import chdir
from pathlib import Path

import graph
import numpy as np

from digits import files
from digits.data import arrays
from digits.evaluation import label_charts
from stages import evaluate

VERSIONS = {"python": "3.11.9", "keras": "3.15.1", "tensorflow": "2.21.0"}


def known_predictions(labels, unjudged=slice(0)):
    """Probabilities (N, 10) float32 with 0.82 for the label, NaN for those without a prediction."""
    probabilities = np.full((len(labels), 10), 0.02, np.float32)
    probabilities[np.arange(len(labels)), labels] = 0.82
    probabilities[unjudged] = np.nan
    return probabilities


def fill(folder, images, labels, fold, probabilities, members=(0,), epochs=3):
    """Write into `folder` what the stages before evaluate would have left there."""
    shutil.copy(graph.ROOT / "params.yaml", folder)
    arrays.save(folder / "data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    save_predictions(folder, probabilities, fold, members)
    counts = np.bincount(labels, minlength=10)
    label_charts.draw_bars(counts, folder / "reports/labels/bars.png")
    label_charts.draw_pie(counts, folder / "reports/labels/pie.png")
    label_charts.write_interactive(counts, folder / "reports/labels/interactive.html")
    for member in members:
        write_training(folder, member, epochs)


def save_predictions(folder, probabilities, fold, members=(0,)):
    """Write the predictions (N, 10); of the held-out images, every member predicts what the ensemble does."""
    arrays.save(folder / "data/predictions/labelled.npz", probabilities=probabilities)
    by_member = np.stack([probabilities[fold == arrays.HELD_OUT]] * len(members), axis=1)
    arrays.save(folder / "data/predictions/held_out.npz", probabilities=by_member)


def write_training(folder, member, epochs=3, versions=VERSIONS):
    """Write the curves of a training whose validation loss is least in the epoch before the last."""
    curves = Path(folder) / f"reports/training/member-{member}"
    for part, gap in ("train", 0.1), ("validation", 0.0):
        falling = 2.0 ** -np.arange(epochs) + gap
        falling[1:][-1:] = 3
        files.write_csv(
            curves / part / "loss.tsv", ["step\tloss"], ([f"{i}\t{value}"] for i, value in enumerate(falling))
        )
        files.write_csv(
            curves / part / "accuracy.tsv",
            ["step\taccuracy"],
            ([f"{i}\t{1 - value / 8}"] for i, value in enumerate(falling)),
        )
    files.write_json(f"{curves}.json", versions)


def evaluated(folder):
    """Run evaluate there: the report."""
    with chdir(folder):
        evaluate.main()
    return (Path(folder) / "reports/index.html").read_text(encoding="utf-8")


def known_report(folder, images, labels):
    """Make in `folder` a report on `few_digits`: 20 held out, 120 out of fold, 60 without a prediction; members 0 and 1, 2 dropped.

    Image 4 is a 3 read as 4 with 82 %, image 12 a 1 read as 2; image 26 bears a wrong label, its 9 surely read as a 5.

    Returns:
        the folder.
    """
    labels = labels.copy()
    assert (labels[3], labels[11], labels[25]) == (3, 1, 5)
    fold = np.repeat(np.array([arrays.HELD_OUT, 0, 1, 2], np.int8), [20, 60, 60, 60])
    probabilities = known_predictions(labels, unjudged=fold == 2)
    for wrong in (3, 11):
        probabilities[wrong] = np.roll(probabilities[wrong], 1)
    probabilities[25] = np.eye(10)[5]
    labels[25] = 9
    fill(folder, images, labels, fold, probabilities, members=[0, 1, 2])
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("members: [0] ", "members: [0, 1] "))
    evaluated(folder)
    return folder
