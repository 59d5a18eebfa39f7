"""Fetch the images, whatever their source, as Kaggle's three files, and check every cell.

params.yaml: source
→ data/raw/train.csv              label,pixel0,…,pixel783
→ data/raw/test.csv               pixel0,…,pixel783
→ data/raw/sample_submission.csv  ImageId,Label
"""

import shutil
from pathlib import Path

from digits import errors, files, kaggle_csv, sources, versions
from digits.settings import Params as StageParams
from digits.settings import Source

RAW = Path("data/raw")


class Params(StageParams):
    source: Source


def main():
    params = Params.load()
    versions.check()
    with files.scratch(".work/fetch") as scratch:
        fetched = sources.fetch(params.source, scratch)
        labelled, unlabelled = check(fetched)
        for name in kaggle_csv.FILES:
            with files.replacing(RAW / name) as partial:
                shutil.copyfile(fetched / name, partial)
    print(f"source {params.source}: {labelled:,} labelled and {unlabelled:,} unlabelled images")


def check(folder):
    """Check the three files of a folder, and that they belong together: how many images are labelled, and how many not.

    Raises:
        InputError: naming the file, line, column and value of what is wrong.
    """
    images, _ = kaggle_csv.read_train(folder / "train.csv")
    unlabelled = kaggle_csv.read_test(folder / "test.csv")
    expected = kaggle_csv.read_submission(folder / "sample_submission.csv")
    if len(unlabelled) != len(expected):
        raise errors.InputError(
            f"{folder}: test.csv has {len(unlabelled)} images but sample_submission.csv {len(expected)} ids; "
            "take all three files from the same download"
        )
    return len(images), len(unlabelled)


if __name__ == "__main__":
    errors.run(main)
