"""Measure the accuracy on digits drawn from strokes: `python -m benchmarks.strokes [--images N] [--seed S]`.

Each digit is drawn in one of several styles with a random brush, size, position, shear, rotation and jitter, and
recognized. No data is needed. It prints the accuracy, and the errors of each style.

`--style "7 barred" "4 open"` draws these styles alone. `--unknown` draws digits, capital letters and scribbles, and
prints of how many the confidence is below 95 %, where the drawing page says what it hesitates between. `--write
data/incoming/drawn.csv` recognizes nothing: it writes drawings in the form in which the drawing page keeps them, as
additional training images in these styles.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from benchmarks.stroke_styles import LETTERS, STYLES, UNUSUAL, draw, scribble
from digits import errors
from digits.data import kaggle_csv
from digits.errors import InputError
from digits.handwriting import mnist_frame
from digits.handwriting.ink import find_ink
from digits.handwriting.recognizer import Recognizer

CERTAIN = 0.95  # as in digits/page/page.js


def evaluate(
    model: Recognizer, images: int, seed: int = 1, styles: Sequence[str] = tuple(STYLES)
) -> dict[str, list[int | None]]:
    """Draw and recognize digits of the styles in turn: {style: [predicted digit, or None if refused, …]}."""
    rng = np.random.default_rng(seed)
    predicted: dict[str, list[int | None]] = {style: [] for style in styles}
    for number in range(images):
        style = styles[number % len(styles)]
        try:
            predicted[style].append(model.predict(draw((STYLES | UNUSUAL)[style], rng))[0].digit)
        except InputError:
            predicted[style].append(None)
    return predicted


def count_uncertain(model: Recognizer, images: int, seed: int = 1) -> dict[str, int]:
    """Draw digits, letters and scribbles, so many of each: {kind: number below CERTAIN, or refused}."""
    rng = np.random.default_rng(seed)
    drawings = {
        "digits": islice(cycle(STYLES.values()), images),
        "letters": islice(cycle(LETTERS.values()), images),
        "scribbles": [scribble(rng) for _ in range(images)],
    }

    def is_uncertain(strokes):
        try:
            return model.predict(draw(strokes, rng))[0].confidence < CERTAIN
        except InputError:
            return True

    return {kind: sum(map(is_uncertain, drawn)) for kind, drawn in drawings.items()}


def main():
    parser = argparse.ArgumentParser(description="Measure the accuracy of the networks of models/ on drawn strokes.")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", nargs="+", choices=[*STYLES, *UNUSUAL], help="draw these styles alone")
    parser.add_argument("--unknown", action="store_true", help="draw letters and scribbles too, and print the doubts")
    parser.add_argument("--write", metavar="CSV", help="write the drawings like train.csv, and recognize nothing")
    arguments = parser.parse_args()
    styles = arguments.style or list(STYLES)
    if arguments.write:
        rng = np.random.default_rng(arguments.seed)
        drawn = [styles[number % len(styles)] for number in range(arguments.images)]
        images = np.array([mnist_frame.frame(find_ink(draw((STYLES | UNUSUAL)[style], rng))) for style in drawn])
        kaggle_csv.write_train(arguments.write, images, np.array([int(style[0]) for style in drawn], np.uint8))
        return
    if arguments.unknown:
        for kind, count in count_uncertain(Recognizer.load(), arguments.images, arguments.seed).items():
            print(f"{kind:10}{count} of {arguments.images:,} below a confidence of {CERTAIN:.0%}")
        return
    predicted = evaluate(Recognizer.load(), arguments.images, arguments.seed, styles)
    mistakes = {
        style: Counter(digit for digit in digits if str(digit) != style[0]) for style, digits in predicted.items()
    }
    accuracy = 1 - sum(counts.total() for counts in mistakes.values()) / arguments.images
    print(f"{accuracy:.2%} of {arguments.images:,} drawings in {len(styles)} styles correct")
    for style, counts in mistakes.items():
        if counts:
            listed = ", ".join(f"{count} × {digit}" for digit, count in counts.items())
            print(f"  {style:24}{counts.total()} of {len(predicted[style])} misclassified: {listed}")


if __name__ == "__main__":
    errors.run(main)
