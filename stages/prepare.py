"""Split the labelled images into a held-out test set and folds, and chart the label distribution.

data/raw/train.csv, data/raw/test.csv
data/incoming/drawn*.csv        drawings kept on the drawing page, if there are any: every member trains on them, and they
                                are in no fold, so that the metrics have the same images as without them
→ data/prepared/labelled.npz    images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, −1 held out, −2
                                for a drawing
→ data/prepared/unlabelled.npz  images (M, 28, 28) uint8, in the order of test.csv
→ reports/labels/               the label distribution: counts.csv, bars.png, pie.png, interactive.html
"""

from pathlib import Path

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
    for path in sorted(Path("data/incoming").glob("drawn*.csv")):
        drawings, digits = kaggle_csv.read_train(path, all_labels=False)
        images, labels = np.concatenate([images, drawings]), np.concatenate([labels, digits])
        fold = np.concatenate([fold, np.full(len(drawings), arrays.TRAIN_ONLY, np.int8)])
        print(f"{path}: {len(drawings)} drawings are additional training images")
    arrays.save("data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    arrays.save("data/prepared/unlabelled.npz", images=unlabelled)

    counts = np.bincount(labels, minlength=10)
    files.write_csv("reports/labels/counts.csv", ["digit", "images"], enumerate(counts))
    label_charts.draw_bars(counts, "reports/labels/bars.png")
    label_charts.draw_pie(counts, "reports/labels/pie.png")
    label_charts.write_interactive(counts, "reports/labels/interactive.html")


if __name__ == "__main__":
    errors.run(main)
