"""The members of the ensemble, loaded by their numbers, and what they predict together."""

from pathlib import Path

import numpy as np

from digits.model import network

MODELS = Path("models")
BATCH = 100  # images; the network sees five times as many at once
SHIFTS = (0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)  # (down, right), pixels


def load(members, folder=MODELS):
    """Read the networks of `members` (a list of numbers), and no others that may lie in the folder.

    Raises:
        InputError: a model is missing or is not one.
    """
    return [network.load(Path(folder) / f"member-{member}.keras") for member in members]


def mean_probabilities(networks, images):
    """Average what the networks say of each image and of it moved by one pixel to each side.

    Args:
        networks: a list of at least one.
        images: (B, 28, 28), 0–255.

    Returns:
        probabilities (B, 10) float32.
    """
    probabilities = np.empty((len(images), 10), np.float32)
    for start in range(0, len(images), BATCH):
        batch = slice(start, start + BATCH)
        moved = np.concatenate([_moved(images[batch], down, right) for down, right in SHIFTS])
        said = [model.predict_on_batch(moved).reshape(len(SHIFTS), -1, 10) for model in networks]
        probabilities[batch] = np.mean(said, axis=(0, 1))
    return probabilities


def _moved(images, down, right):
    """Move images by whole pixels, at most one; black comes in from outside."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    return padded[:, 1 - down : 29 - down, 1 - right : 29 - right]
