"""The curves of a training, a folder with {train,validation}/{loss,accuracy}.tsv of one row an epoch, and their picture."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from digits.errors import InputError
from digits.evaluation import charts

FOLDER = Path("reports/training")
COLUMNS = ["epoch", "member", "images", "loss", "accuracy"]
LEAST = 0.01  # per cent of mistakes below which the axis becomes linear, so that 0 has a place on it


class Curves(NamedTuple):
    """One network's training; each quantity is (epochs,) for "train" and for "validation"."""

    loss: dict
    accuracy: dict

    @property
    def epochs(self):
        return len(self.loss["validation"])

    @property
    def kept(self):
        """The index of the epoch of the least validation loss, whose weights the network keeps."""
        return int(self.loss["validation"].argmin())


def read(folder):
    """Read the curves in a folder.

    Raises:
        InputError: they are missing or damaged.
    """
    try:
        return Curves(
            *(
                {part: _column(folder / part / f"{name}.tsv") for part in ("train", "validation")}
                for name in Curves._fields
            )
        )
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"{folder} does not hold a training's curves ({error}); `dvc repro` makes them") from None


def rows(members):
    """The curves of all members, one row for each member, part and epoch, as COLUMNS names them; epochs count from 1."""
    for member in members:
        curves = read(FOLDER / f"member-{member}")
        for part, images in ("train", "training"), ("validation", "validation"):
            for epoch, values in enumerate(zip(curves.loss[part], curves.accuracy[part], strict=True), start=1):
                yield epoch, member, images, *values


def _column(path):
    return np.loadtxt(path, delimiter="\t", skiprows=1, usecols=1, ndmin=1)


def draw(curves):
    """Draw loss and mistakes over the epochs, the kept epoch marked: a PNG as bytes."""
    figure = Figure(figsize=(4.6, 4.4), dpi=160)
    figure.subplots_adjust(left=0.18, right=0.98, top=0.97, bottom=0.11, hspace=0.1)
    upper, lower = figure.subplots(2, sharex=True)
    epochs = np.arange(1, curves.epochs + 1)
    for part, colour, style in ("train", "tab:orange", ".--"), ("validation", "tab:blue", ".-"):
        upper.plot(epochs, curves.loss[part], style, color=colour, label=part)
        lower.plot(epochs, 100 * (1 - curves.accuracy[part]), style, color=colour)
    for axes, kept in (upper, curves.loss["validation"]), (lower, 100 * (1 - curves.accuracy["validation"])):
        axes.plot(
            curves.kept + 1, kept[curves.kept], "o", color="tab:blue", markersize=9, fillstyle="none", label="kept"
        )
        axes.spines[["top", "right"]].set_visible(False)
    upper.set_ylabel("loss")
    upper.legend(frameon=False)
    lower.set_yscale("symlog", linthresh=LEAST, linscale=0.6)
    lower.yaxis.set_major_formatter(StrMethodFormatter("{x:g}%"))
    lower.set(ylim=(0, 100), xlabel="epoch", ylabel="mistakes")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    return charts.small_png(figure)
