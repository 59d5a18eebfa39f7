"""Read the loss and accuracy of each epoch that a training logged, and draw them.

DVCLive logs a training into reports/training/member-K/{train,validation}/{loss,accuracy}.tsv, one line an epoch.
"""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from digits.errors import InputError
from digits.evaluation import charts

FOLDER = Path("reports/training")
IMAGES = {"train": "training", "validation": "validation"}  # folder: value of the column `images`
LINEAR_BELOW = 0.01  # per cent; the logarithmic axis of the error rate is linear below, so that it can show 0


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


def render(curves: pd.DataFrame) -> bytes:
    """Draw loss and error rate over the epochs, with the best epoch marked, as PNG."""
    figure = Figure(figsize=(4.6, 4.4), dpi=160)
    figure.subplots_adjust(left=0.18, right=0.98, top=0.97, bottom=0.11, hspace=0.1)
    upper, lower = figure.subplots(2, sharex=True)
    for images, colour, style in ("training", "tab:orange", ".--"), ("validation", "tab:blue", ".-"):
        part = curves[curves.images == images]
        upper.plot(part.epoch, part.loss, style, color=colour, label=images)
        lower.plot(part.epoch, 100 * (1 - part.accuracy), style, color=colour)
    best = find_best_epoch(curves)
    for axes, value in (upper, best.loss), (lower, 100 * (1 - best.accuracy)):
        axes.plot(best.epoch, value, "o", color="tab:blue", markersize=9, fillstyle="none", label="best epoch")
        axes.spines[["top", "right"]].set_visible(False)
    upper.set_ylabel("loss")
    upper.legend(frameon=False)
    lower.set_yscale("symlog", linthresh=LINEAR_BELOW, linscale=0.6)
    lower.yaxis.set_major_formatter(StrMethodFormatter("{x:g}%"))
    lower.set(ylim=(0, 100), xlabel="epoch", ylabel="error rate")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    return charts.encode_small_png(figure)
