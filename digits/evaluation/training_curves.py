"""Read the loss and accuracy of each epoch that a training logged.

DVCLive logs a training into reports/training/member-K/{train,validation}/{loss,accuracy}.tsv, one line an epoch.
"""

from pathlib import Path

import pandas as pd

from digits.errors import InputError

FOLDER = Path("reports/training")
IMAGES = {"train": "training", "validation": "validation"}  # folder: value of the column `images`


def read(member: int) -> pd.DataFrame:
    """Read a member's curves: columns epoch (from 1), member, images ("training" or "validation"), loss, accuracy.

    Raises:
        InputError: a file is missing or damaged.
    """
    folder = FOLDER / f"member-{member}"
    try:
        return pd.concat([_read_part(folder / part, member, images) for part, images in IMAGES.items()])
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"{folder} has no complete training curves ({error}); run `dvc repro`") from None


def _read_part(folder: Path, member: int, images: str) -> pd.DataFrame:
    loss, accuracy = (
        pd.read_csv(folder / f"{name}.tsv", sep="\t", usecols=[name], dtype=float)[name]
        for name in ("loss", "accuracy")
    )
    curves = pd.DataFrame({"epoch": loss.index + 1, "member": member, "images": images, "loss": loss})
    curves["accuracy"] = accuracy
    if curves.empty or len(accuracy) != len(loss) or curves.isna().any(axis=None):
        raise ValueError(f"{folder.name} lacks an epoch")
    return curves


def find_best_epoch(curves: pd.DataFrame) -> pd.Series:
    """Find the epoch of the lowest validation loss, whose weights the network keeps: its row of the curves."""
    validation = curves[curves.images == "validation"]
    return validation.iloc[validation.loss.argmin()]
