"""Save charts as PNG. Functions that draw are decorated with `default_style`."""

from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure

from digits import files

default_style = matplotlib.style.context("default", after_reset=True)  # no matplotlibrc changes the images


def save(figure: Figure, path: str | Path, crop: bool = False) -> None:
    """Write a figure, cropped to its content on request; equal figures give equal bytes."""
    with files.atomic_write(path) as partial:
        figure.savefig(partial, format="png", bbox_inches="tight" if crop else None)
