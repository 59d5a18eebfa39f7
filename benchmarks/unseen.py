"""Images that no network of models/ was trained on, and the arguments of the benchmarks that draw them in several kinds."""

import argparse
from pathlib import Path

from digits.data import arrays, sources
from digits.settings import Params as StageParams
from digits.settings import Source


class Params(StageParams):
    source: Source


def images_and_labels():
    """Load the images (N, 28, 28) uint8 and their labels (N,) uint8.

    They are the unlabelled ones of the sample if it is the source, else the held-out ones of data/prepared/.
    """
    if Params.load().source == "sample":
        return sources.sample()[2:]
    images, labels, fold = arrays.load_labelled("data/prepared/labelled.npz")
    return images[fold == arrays.HELD_OUT], labels[fold == arrays.HELD_OUT]


def parser(description, kinds, images):
    """Make the parser of a benchmark of several kinds of picture, a list of functions, with so many images of each."""
    names = [kind.__name__ for kind in kinds]
    made = argparse.ArgumentParser(description=description)
    made.add_argument("kinds", nargs="*", metavar="KIND", help="of picture (default: all): " + ", ".join(names))
    made.add_argument("--images", type=int, default=images, help=f"of each kind (default: {images})")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--save", type=Path, metavar="FOLDER", help="keep the pictures here")
    return made


def parse(made, kinds):
    """Parse the arguments, all kinds if none is named, and make the folder of the pictures."""
    arguments = made.parse_args()
    names = [kind.__name__ for kind in kinds]
    for kind in arguments.kinds:
        if kind not in names:
            made.error(f"there is no kind {kind!r}; the kinds are {', '.join(names)}")
    arguments.kinds = arguments.kinds or names
    if arguments.save:
        arguments.save.mkdir(parents=True, exist_ok=True)
    return arguments
