"""Fetch the images of any source as Kaggle's three files, and check each cell.

params.yaml: source
→ data/raw/train.csv              label,pixel0,…,pixel783
→ data/raw/test.csv               pixel0,…,pixel783
→ data/raw/sample_submission.csv  ImageId,Label
"""

import shutil
from pathlib import Path

from digits import errors, files
from digits.data import kaggle_csv, sources
from digits.settings import Params as StageParams
from digits.settings import Source

RAW = Path("data/raw")


class Params(StageParams):
    source: Source


def main() -> None:
    params = Params.load()
    with files.temporary_folder(".work/fetch") as folder:
        fetched, labelled, unlabelled = sources.fetch(params.source, folder)
        for name in kaggle_csv.FILES:
            with files.atomic_write(RAW / name) as partial:
                shutil.copyfile(fetched / name, partial)
    print(f"source {params.source}: {labelled:,} labelled and {unlabelled:,} unlabelled images")


if __name__ == "__main__":
    errors.run(main)
