"""How well drawings are read: `python -m benchmarks.drawings [CSV] [--images N]`.

Images that no network of models/ was trained on are turned into drawings and read as the drawing page reads them: those of
a file like Kaggle's train.csv; without one, the 1,500 unlabelled images of the sample if it is the source, and else the
held-out images of data/prepared/. It prints the accuracy, how many were called blank, and the milliseconds that a drawing
took.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks import unseen
from digits import errors
from digits.data import kaggle_csv
from digits.errors import InputError
from digits.handwriting.recognizer import Reader

CANVAS = 280, 1000  # pixels, each side
SIZE = 0.3, 0.9  # of the canvas's shorter side that the digit's longer side takes
STROKE = -0.3, 0.5  # share of its width by which the stroke grows
SOFT = 3  # pixels, the widest edge
PAPER = 8  # grey levels, the strongest noise, a standard deviation


def draw(image, rng):
    """Turn a digit into a drawing: another size, place, stroke and colour sense, soft or hard edges, noise or none.

    Args:
        image: (28, 28) uint8, white on black.
        rng: numpy.random.Generator.

    Returns:
        PIL.Image.Image, grey, each side 280 to 1000 pixels.
    """
    height, width = rng.integers(*CANVAS, 2, endpoint=True)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    digit = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255, 2)
    factor = rng.uniform(*SIZE) * min(height, width) / max(digit.shape)
    large = ndimage.zoom(digit, factor, order=3)
    ink = large > min(0.5, 0.6 * large.max())
    inside = ndimage.distance_transform_edt(ink)
    away = ndimage.distance_transform_edt(~ink)
    stroke = np.percentile(inside[ink], 90)  # half its width
    edge = inside - away + rng.uniform(*STROKE) * stroke  # pixels from the new edge, inwards
    soft = rng.choice([0.0, rng.uniform(0.5, SOFT)])
    ink = np.clip(edge / soft + 0.5, 0, 1) if soft else (edge > 0).astype(float)

    top, left = rng.integers(0, [height - ink.shape[0] + 1, width - ink.shape[1] + 1])
    canvas = np.zeros((height, width))
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    dark, light = rng.uniform(0, 60), rng.uniform(190, 255)
    paper, pen = (light, dark) if rng.random() < 0.5 else (dark, light)
    grey = paper + (pen - paper) * canvas
    if rng.random() < 0.5:
        grey += rng.normal(0, rng.uniform(1, PAPER), grey.shape)
    return Image.fromarray(grey.round().clip(0, 255).astype(np.uint8))


def evaluate(reader, images, labels, seed=1):
    """Draw and read each image: arrays (N,) of bool, whether it was read right, and of the seconds that reading took."""
    rng = np.random.default_rng(seed)
    right, seconds = np.zeros(len(images), bool), np.zeros(len(images))
    for i, image in enumerate(images):
        drawing = draw(image, rng)
        begin = time.perf_counter()
        try:
            right[i] = reader.read(drawing)[0].digit == labels[i]
        except InputError:
            print(f"image {i}, a {labels[i]}, was called blank")
        seconds[i] = time.perf_counter() - begin
    return right, seconds


def main():
    parser = argparse.ArgumentParser(
        description="Turn digits into drawings and read them with the networks of models/."
    )
    parser.add_argument(
        "csv",
        nargs="?",
        type=Path,
        help="a file like Kaggle's train.csv (default: images of the last run that no network was trained on)",
    )
    parser.add_argument("--images", type=int, help="the first so many alone")
    arguments = parser.parse_args()
    if arguments.csv:
        images, labels = kaggle_csv.read_train(arguments.csv)
    else:
        images, labels = unseen.images_and_labels()
    right, seconds = evaluate(Reader.load(), images[: arguments.images], labels[: arguments.images])
    print(
        f"{right.mean():.2%} of {len(right):,} drawings read right; {1000 * np.median(seconds):.0f} ms each, in the median"
    )


if __name__ == "__main__":
    errors.run(main)
