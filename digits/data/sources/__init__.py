"""The sources of images: each writes Kaggle's three files to a folder.

A source is a module of this package with `DESCRIPTION`, a phrase, and `fetch(folder)`, which returns the folder that
contains train.csv, test.csv and sample_submission.csv; it may write them to `folder`. The module's name is listed in
`digits.settings.Source`.

Kaggle cut the competition's test set from MNIST, so `sample` and `mnist` contain images of it with their labels: a
network whose predictions are submitted to Kaggle must not train on them. A run has one source; they are never mixed.
"""

import importlib
from pathlib import Path
from types import ModuleType

from digits.data import kaggle_csv
from digits.data.sources.incoming import FOLDER as INCOMING
from digits.data.sources.sample import load as load_sample
from digits.errors import InputError

__all__ = ["INCOMING", "describe", "fetch", "load_sample"]


def fetch(source: str, folder: str | Path) -> tuple[Path, int, int]:
    """Make the files of a source available, and check them.

    Args:
        source: a name of `digits.settings.Source`.
        folder: an existing folder that the source may write to.

    Returns:
        The folder with the three files, and the numbers of labelled and of unlabelled images.

    Raises:
        InputError: The source is not available, a file is invalid, or test.csv and sample_submission.csv differ in
            length.
    """
    fetched = _module(source).fetch(Path(folder))
    labelled = len(kaggle_csv.read_train(fetched / "train.csv")[1])
    unlabelled = len(kaggle_csv.read_test(fetched / "test.csv"))
    ids = len(kaggle_csv.read_submission(fetched / "sample_submission.csv"))
    if unlabelled != ids:
        raise InputError(
            f"{fetched}: test.csv has {unlabelled} images but sample_submission.csv {ids} ids; take all three files "
            "from the same download"
        )
    return fetched, labelled, unlabelled


def describe(source: str) -> str:
    """Return the description of a source, a phrase such as "Kaggle's competition"."""
    return _module(source).DESCRIPTION


def _module(source: str) -> ModuleType:
    # imported when needed: only `mnist` starts TensorFlow, and only `kaggle` Kaggle's client
    return importlib.import_module(f"{__name__}.{source}")
