"""The members of the ensemble, loaded by their numbers, and what they predict together."""

from pathlib import Path

import numpy as np

from digits import network

MODELS = Path("models")
BATCH = 500


def load(members, folder=MODELS):
    """Read the networks of `members` (a list of numbers), and no others that may lie in the folder.

    Raises:
        InputError: a model is missing or is not one.
    """
    return [network.load(Path(folder) / f"member-{member}.keras") for member in members]


def mean_probabilities(networks, images):
    """Average what the networks say of images (B, 28, 28) of 0–255: probabilities (B, 10) float32.

    Keras shows a progress bar for each network.
    """
    total = np.zeros((len(images), 10), np.float32)
    if len(images):
        for model in networks:
            total += model.predict(images, batch_size=BATCH)
    return total / np.float32(len(networks))
