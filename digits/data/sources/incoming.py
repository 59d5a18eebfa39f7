"""Files in Kaggle's format that the user put into data/incoming/."""

from pathlib import Path

from digits.data import kaggle_csv
from digits.errors import InputError

DESCRIPTION = "the files in data/incoming"
FOLDER = Path("data/incoming")


def fetch(folder: Path) -> Path:
    """Return data/incoming if it contains the three files; `folder` is not used.

    Raises:
        InputError: A file is missing.
    """
    absent = [name for name in kaggle_csv.FILES if not (FOLDER / name).is_file()]
    if absent:
        raise InputError(
            f"source: incoming needs {', '.join(absent)} in {FOLDER}/; unzip Kaggle's digit-recognizer.zip there"
        )
    return FOLDER
