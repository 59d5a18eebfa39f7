"""Measure the accuracy on numbers: `python -m benchmarks.numbers [KIND …] [--images N] [--seed S] [--save FOLDER]`.

Numbers of two to ten digits of `benchmarks.unseen` are written apart, touching, underlined or on squared paper, and
recognized as `predict_digit.py --number` does. It prints the correct numbers of each kind, and how many single digits
were split.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks import unseen
from digits import errors
from digits.errors import InputError
from digits.handwriting.recognizer import Recognizer

HEIGHT = 60, 110  # pixels, of a digit
LENGTH = 2, 10  # digits in a number


def write_row(images: NDArray[np.uint8], rng: np.random.Generator, gap: tuple[float, float]) -> NDArray[np.floating]:
    """Write digits beside one another: a mask (height, width), 0–1.

    Args:
        images: (N, 28, 28).
        rng: source of the random values.
        gap: minimum and maximum distance between the ink of neighbours in the row where they are closest, as fractions
            of the height; negative if they overlap.
    """
    height = int(rng.uniform(*HEIGHT))
    digits = []
    for image in images:
        rows, columns = np.flatnonzero(image.max(axis=1) > 40), np.flatnonzero(image.max(axis=0) > 40)
        digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
        large = ndimage.zoom(np.pad(digit, 1), height * rng.uniform(0.85, 1.1) / digit.shape[0], order=3)
        digits.append(np.clip(3 * large - 1, 0, 1))
    row = np.zeros((int(1.6 * height), sum(digit.shape[1] + height for digit in digits) + height))
    right = np.full(len(row), -(10**6))  # last column of the ink in each row
    start = 0
    for digit in digits:
        top = int(rng.uniform(0.15, 0.25) * height)
        lines = np.flatnonzero((digit > 0.5).any(axis=1))
        left = np.array([np.flatnonzero(digit[line] > 0.5)[0] for line in lines])
        near = np.array([right[max(0, top + line - 2) : top + line + 3].max() for line in lines])
        place = max(start, int((near - left).max() + 1 + rng.uniform(*gap) * height)) if start else height // 3
        part = row[top : top + digit.shape[0], place : place + digit.shape[1]]
        np.maximum(part, digit[: part.shape[0], : part.shape[1]], out=part)
        for line in range(len(row)):
            marked = np.flatnonzero(row[line] > 0.5)
            right[line] = marked[-1] if marked.size else -(10**6)
        start = place
    return row[:, : np.flatnonzero(row.any(axis=0))[-1] + height // 3]


def _photo(mask, rng, paper=225):
    grey = paper - mask * rng.uniform(120, 190) + rng.normal(0, 3, mask.shape)
    return Image.fromarray(ndimage.gaussian_filter(grey, 0.5).round().clip(0, 255).astype(np.uint8))


def apart(images, rng):
    return Image.fromarray((255 * (1 - write_row(images, rng, (0.05, 0.3)))).astype(np.uint8))


def touching(images, rng):
    return Image.fromarray((255 * (1 - write_row(images, rng, (-0.03, 0.01)))).astype(np.uint8))


def overlapping(images, rng):
    return Image.fromarray((255 * (1 - write_row(images, rng, (-0.08, -0.03)))).astype(np.uint8))


def photographed(images, rng):
    return _photo(write_row(images, rng, (-0.03, 0.2)), rng)


def underlined(images, rng):
    """Draw a line below the digits or through their lower ends."""
    row = write_row(images, rng, (0.02, 0.2))
    height, width = row.shape
    bottom = np.flatnonzero(row.any(axis=1))[-1]
    y, x = np.mgrid[:height, :width]
    slope = rng.uniform(-0.01, 0.01)
    centre = min(bottom + rng.uniform(-0.03, 0.12) * height, height - 6) + slope * (x - width / 2)
    line = np.clip(1.5 + height / 60 - np.abs(y - centre), 0, 1)
    first, last = np.flatnonzero(row.any(axis=0))[[0, -1]]
    line[(x < first - rng.uniform(0, 10)) | (x > last + rng.uniform(0, 10))] = 0
    return _photo(np.maximum(row, line), rng)


def squared_paper(images, rng):
    row = write_row(images, rng, (0.0, 0.2))
    height, width = row.shape
    y, x = np.mgrid[:height, :width]
    gap = height * rng.uniform(0.15, 0.3)
    horizontal = np.abs((y + rng.uniform(0, gap)) % gap - gap / 2)
    vertical = np.abs((x + rng.uniform(0, gap)) % gap - gap / 2)
    lines = np.clip(1.2 - np.minimum(horizontal, vertical), 0, 1)
    return _photo(np.maximum(row, lines * rng.uniform(0.3, 0.55)), rng)


def two_rows(images, rng):
    """Write two rows; the refusal of the picture counts as correct."""
    half = len(images) // 2
    rows = [write_row(part, rng, (0.02, 0.2)) for part in (images[:half], images[half:])]
    width = max(row.shape[1] for row in rows)
    return _photo(np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows]), rng)


KINDS = [apart, touching, overlapping, photographed, underlined, squared_paper, two_rows]


def predict_number(model: Recognizer, picture: Image.Image) -> str:
    """Recognize a number: its digits, or the reason why it was refused."""
    try:
        return "".join(str(prediction.digit) for prediction in model.predict(picture, number=True))
    except InputError as error:
        return str(error)


def count_split(model: Recognizer, images: NDArray[np.uint8]) -> int:
    """Count the single digits (N, 28, 28) that are recognized as several."""
    pictures = (
        Image.fromarray(np.pad(255 - image, 28, constant_values=255)).resize((336, 336), Image.Resampling.NEAREST)
        for image in images
    )
    return sum(len(predict_number(model, picture)) > 1 for picture in pictures)


def main():
    parser = unseen.parser("Measure the accuracy of the networks of models/ on numbers.", KINDS, images=15)
    parser.add_argument("--single", type=int, default=1500, help="number of single digits (default: 1500)")
    arguments = unseen.parse(parser, KINDS)
    images, labels = unseen.images_and_labels()
    model = Recognizer.load()
    for kind in KINDS:
        if kind.__name__ not in arguments.kinds:
            continue
        mistakes = []
        for number in range(arguments.images):
            rng = np.random.default_rng([arguments.seed, KINDS.index(kind), number])
            chosen = rng.integers(0, len(images), rng.integers(*LENGTH, endpoint=True))
            expected = "".join(map(str, labels[chosen]))
            picture = kind(images[chosen], rng)
            if arguments.save:
                picture.save(arguments.save / f"{kind.__name__}-{number}_{expected}.png")
            predicted = predict_number(model, picture)
            if predicted != expected and not (kind is two_rows and "rows" in predicted):
                mistakes.append(f"{expected} as {predicted}")
        correct = arguments.images - len(mistakes)
        print(f"{kind.__name__:15}{correct:3} of {arguments.images} correct  {', '.join(mistakes)}", flush=True)
    single = images[: arguments.single]
    if len(single):
        print(f"{count_split(model, single)} of {len(single):,} single digits were split")


if __name__ == "__main__":
    errors.run(main)
