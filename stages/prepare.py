"""Split the labelled images into a held-out test set and folds, and chart the label distribution.

data/raw/train.csv, data/raw/test.csv
→ data/prepared/labelled.npz    images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, −1 held out
→ data/prepared/unlabelled.npz  images (M, 28, 28) uint8, in the order of test.csv
→ reports/labels/               the label distribution: counts.csv, bars.png, pie.png, interactive.html
"""

import numpy as np

from digits import errors, files, versions
from digits.data import arrays, kaggle_csv, splits
from digits.evaluation import label_charts
from digits.settings import Params as StageParams
from digits.settings import Seed, Split


class Params(StageParams):
    seed: Seed
    split: Split


def main() -> None:
    params = Params.load()
    versions.check()
    images, labels = kaggle_csv.read_train("data/raw/train.csv")
    unlabelled = kaggle_csv.read_test("data/raw/test.csv")
    fold = splits.assign_folds(images, labels, params.split.test, params.split.folds, params.seed)
    arrays.save("data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    arrays.save("data/prepared/unlabelled.npz", images=unlabelled)

    counts = np.bincount(labels, minlength=10)
    files.write_csv("reports/labels/counts.csv", ["digit", "images"], enumerate(counts))
    label_charts.draw_bars(counts, "reports/labels/bars.png")
    label_charts.draw_pie(counts, "reports/labels/pie.png")
    label_charts.write_interactive(counts, "reports/labels/interactive.html")


if __name__ == "__main__":
    errors.run(main)
