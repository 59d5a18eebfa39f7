"""The ensemble: load the models of the listed members and average their probabilities."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits.model import model_file, network
from digits.model.backend import keras

BATCH = 100  # images; test-time augmentation makes five of each
TTA_SHIFTS = (0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)  # pixels (down, right)


def load(members: Sequence[int], folder: str | Path = model_file.FOLDER) -> list[keras.Model]:
    """Load the models of the listed members alone; the folder may hold others.

    Raises:
        InputError: a model file is missing or invalid.
    """
    return [network.load(model_file.path(member, folder)) for member in members]


def mean_probabilities(models: Sequence[keras.Model], images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Average the probabilities over the models and over test-time augmentation (TTA).

    TTA predicts each image as it is and shifted by one pixel to each of the four sides. It lowered the errors among
    42,000 images out of fold from 147 to 138.

    Args:
        models: at least one.
        images: (B, 28, 28), 0–255.

    Returns:
        probabilities (B, 10).
    """
    probabilities = np.empty((len(images), 10), np.float32)
    for start in range(0, len(images), BATCH):
        batch = slice(start, start + BATCH)
        shifted = np.concatenate(list(_shifted(images[batch])))
        predicted = [model.predict_on_batch(shifted).reshape(len(TTA_SHIFTS), -1, 10) for model in models]
        probabilities[batch] = np.mean(predicted, axis=(0, 1))
    return probabilities


def _shifted(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    for down, right in TTA_SHIFTS:
        yield padded[:, 1 - down : 29 - down, 1 - right : 29 - right]
