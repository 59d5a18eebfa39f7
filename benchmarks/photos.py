"""Measure the accuracy on photos: `python -m benchmarks.photos [KIND …] [--images N] [--seed S] [--save FOLDER]`.

Images of `benchmarks.unseen` are written on paper and photographed, see `benchmarks.photo_kinds`, and recognized as
`predict_digit.py` does. For each kind it prints how many were correct, misclassified and refused, and the mistakes with
their confidence.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import unseen
from benchmarks.photo_kinds import KINDS
from digits import errors
from digits.errors import InputError
from digits.handwriting.recognizer import Prediction, Recognizer


def evaluate(
    model: Recognizer,
    kind: Callable,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    seed: int = 1,
    folder: Path | None = None,
) -> list[Prediction | InputError]:
    """Photograph and recognize digits of a kind: a prediction for each, or the error with which it was refused.

    Args:
        folder: where to save the photos, if given.
    """
    results: list[Prediction | InputError] = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        picture = kind(image, np.random.default_rng([seed, KINDS.index(kind), number]))
        if folder:
            picture.save(folder / f"{kind.__name__}-{number}_{label}.png")
        try:
            results.append(model.predict(picture)[0])
        except InputError as error:
            results.append(error)
    return results


def main():
    parser = unseen.parser("Measure the accuracy of the networks of models/ on photos of digits.", KINDS, images=40)
    arguments = unseen.parse(parser, KINDS)
    images, labels = unseen.images_and_labels()
    chosen = np.random.default_rng(arguments.seed).choice(len(images), arguments.images, replace=False)
    model = Recognizer.load()
    for kind in KINDS:
        if kind.__name__ not in arguments.kinds:
            continue
        results = evaluate(model, kind, images[chosen], labels[chosen], arguments.seed, arguments.save)
        predictions = [result for result in results if isinstance(result, Prediction)]
        mistakes = [
            f"{number}_{label} as {result.digit} ({result.confidence:.2f})"
            for number, (result, label) in enumerate(zip(results, labels[chosen], strict=True))
            if isinstance(result, Prediction) and result.digit != label
        ]
        counts = (
            f"{len(predictions) - len(mistakes):3} of {len(results)} correct, "
            f"{len(results) - len(predictions):2} refused, {len(mistakes):2} misclassified"
        )
        print(f"{kind.__name__:20}{counts}  {', '.join(mistakes)}", flush=True)


if __name__ == "__main__":
    errors.run(main)
