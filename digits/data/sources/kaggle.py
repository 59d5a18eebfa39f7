"""The competition's files, downloaded with Kaggle's client and the user's account."""

from pathlib import Path

from digits.data import kaggle_client

DESCRIPTION = "Kaggle's competition"


def fetch(folder: Path) -> Path:
    """Download the files to the client's cache, unless they are there; `folder` is not used."""
    return kaggle_client.download()


def fetch_again(folder: Path) -> Path:
    """Download the files again, because those in the cache are damaged; `folder` is not used."""
    return kaggle_client.download(again=True)
