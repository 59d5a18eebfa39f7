"""Files in Kaggle's format that the user put into data/incoming/: the three CSV files, or a zip archive of them."""

from pathlib import Path

from digits.data import kaggle_csv
from digits.errors import InputError

DESCRIPTION = "the files in data/incoming"
FOLDER = Path("data/incoming")


def fetch(folder: Path) -> Path:
    """Return data/incoming or a folder in it that contains the three files, or extract the archive to `folder`.

    Raises:
        InputError: A file is missing, or the archive is damaged.
    """
    for place in (FOLDER, *sorted(FOLDER.glob("*/"))):
        if all((place / name).is_file() for name in kaggle_csv.FILES):
            return place
    archives = list(FOLDER.glob("*.zip"))
    if len(archives) != 1:
        absent = [name for name in kaggle_csv.FILES if not (FOLDER / name).is_file()]
        raise InputError(
            f"source: incoming needs {', '.join(absent)}, or Kaggle's digit-recognizer.zip and no other zip file, "
            f"in {FOLDER}/"
        )
    kaggle_csv.unzip(archives[0], folder)
    return folder
