"""Images that no network of models/ was trained on, and the command-line arguments of the benchmarks that use them."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits import arrays
from digits.data import sources
from digits.settings import Params as StageParams
from digits.settings import Source


class Params(StageParams):
    source: Source


def images_and_labels() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Load the images (N, 28, 28) and labels (N,): the held-out ones, or the unlabelled ones of the source `sample`."""
    if Params.load().source == "sample":
        return sources.load_sample()[2:]
    images, labels, fold = arrays.load_labelled("data/prepared/labelled.npz")
    return images[fold == arrays.HELD_OUT], labels[fold == arrays.HELD_OUT]


def parser(description: str, kinds: list[Callable], images: int) -> argparse.ArgumentParser:
    """Create the parser of a benchmark of several kinds of pictures, with the default number of images of each kind."""
    names = ", ".join(kind.__name__ for kind in kinds)
    created = argparse.ArgumentParser(description=description)
    created.add_argument("kinds", nargs="*", metavar="KIND", help=f"kinds of pictures (default: all): {names}")
    created.add_argument("--images", type=int, default=images, help=f"number of each kind (default: {images})")
    created.add_argument("--seed", type=int, default=1)
    created.add_argument("--save", type=Path, metavar="FOLDER", help="save the pictures here")
    return created


def parse(parser: argparse.ArgumentParser, kinds: list[Callable]) -> argparse.Namespace:
    """Parse the arguments, select all kinds if none is given, and create the folder of the pictures."""
    arguments = parser.parse_args()
    names = [kind.__name__ for kind in kinds]
    for kind in arguments.kinds:
        if kind not in names:
            parser.error(f"unknown kind {kind!r}; the kinds are {', '.join(names)}")
    arguments.kinds = arguments.kinds or names
    if arguments.save:
        arguments.save.mkdir(parents=True, exist_ok=True)
    return arguments
