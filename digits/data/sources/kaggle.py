"""The competition's files, downloaded with Kaggle's client and the user's account."""

from pathlib import Path

from digits.data import kaggle_client, kaggle_csv
from digits.errors import InputError

DESCRIPTION = "Kaggle's competition"


def fetch(folder: Path) -> Path:
    """Download the archive to the client's cache, unless it is there, and extract the files to `folder`."""
    archive = kaggle_client.download()
    try:
        kaggle_csv.unzip(archive, folder)
    except InputError:
        archive.unlink()  # so that the next run downloads it again
        raise
    return folder
