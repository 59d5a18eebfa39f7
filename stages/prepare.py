"""Split the labelled images into a held-out test set and folds.

data/raw/train.csv, data/raw/test.csv
→ data/prepared/labelled.npz    images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, −1 held out
→ data/prepared/unlabelled.npz  images (M, 28, 28) uint8, in the order of test.csv
"""

from digits import arrays, errors
from digits.data import kaggle_csv, splits
from digits.settings import Params as StageParams
from digits.settings import Seed, Split


class Params(StageParams):
    seed: Seed
    split: Split


def main() -> None:
    params = Params.load()
    images, labels = kaggle_csv.read_train("data/raw/train.csv")
    unlabelled = kaggle_csv.read_test("data/raw/test.csv")
    fold = splits.assign_folds(images, labels, params.split.test, params.split.folds, params.seed)
    arrays.save(arrays.LABELLED, images=images, labels=labels, fold=fold)
    arrays.save(arrays.UNLABELLED, images=unlabelled)


if __name__ == "__main__":
    errors.run(main)
