"""Measure the accuracy on drawings: `python -m benchmarks.drawings [CSV] [--images N]`.

Images that no network of models/ was trained on are turned into drawings and recognized as on the drawing page: those
of a file like Kaggle's train.csv, or those of `benchmarks.unseen`. It prints the accuracy, the drawings that were
refused, and the median time per drawing.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks import unseen
from digits import errors
from digits.data import kaggle_csv
from digits.errors import InputError
from digits.handwriting.recognizer import Recognizer

CANVAS = 280, 1000  # pixels, each side
SIZE = 0.3, 0.9  # of the canvas's shorter side that the digit's longer side takes
STROKE = -0.3, 0.5  # growth of the stroke, as a fraction of its width
MAX_EDGE = 3  # pixels, width of a soft edge
MAX_NOISE = 8  # grey levels, standard deviation


def draw(image: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """Turn a digit into a drawing of random size, position, stroke width, colours, softness and noise.

    Args:
        image: (28, 28), white on black.
        rng: source of the random values.

    Returns:
        A grey picture; each side has 280 to 1000 pixels.
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
    soft = rng.choice([0.0, rng.uniform(0.5, MAX_EDGE)])
    ink = np.clip(edge / soft + 0.5, 0, 1) if soft else (edge > 0).astype(float)

    top, left = rng.integers(0, [height - ink.shape[0] + 1, width - ink.shape[1] + 1])
    canvas = np.zeros((height, width))
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    dark, light = rng.uniform(0, 60), rng.uniform(190, 255)
    paper, pen = (light, dark) if rng.random() < 0.5 else (dark, light)
    grey = paper + (pen - paper) * canvas
    if rng.random() < 0.5:
        grey += rng.normal(0, rng.uniform(1, MAX_NOISE), grey.shape)
    return Image.fromarray(grey.round().clip(0, 255).astype(np.uint8))


def evaluate(
    model: Recognizer, images: NDArray[np.uint8], labels: NDArray[np.uint8], seed: int = 1
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Draw and recognize each image: whether it was correct (N,), and the seconds that it took (N,)."""
    rng = np.random.default_rng(seed)
    correct, seconds = np.zeros(len(images), bool), np.zeros(len(images))
    for i, image in enumerate(images):
        drawing = draw(image, rng)
        start = time.perf_counter()
        try:
            correct[i] = model.predict(drawing)[0].digit == labels[i]
        except InputError as error:
            print(f"image {i}, a {labels[i]}, was refused: it {error}")
        seconds[i] = time.perf_counter() - start
    return correct, seconds


def main():
    parser = argparse.ArgumentParser(description="Measure the accuracy of the networks of models/ on drawings.")
    parser.add_argument("csv", nargs="?", type=Path, help="a file like Kaggle's train.csv (default: unseen images)")
    parser.add_argument("--images", type=int, help="number of images (default: all)")
    arguments = parser.parse_args()
    images, labels = kaggle_csv.read_train(arguments.csv) if arguments.csv else unseen.images_and_labels()
    correct, seconds = evaluate(Recognizer.load(), images[: arguments.images], labels[: arguments.images])
    print(f"{correct.mean():.2%} of {len(correct):,} drawings correct; median {1000 * np.median(seconds):.0f} ms each")


if __name__ == "__main__":
    errors.run(main)
