"""The arrays between the stages, as NumPy archives.

data/prepared/labelled.npz       images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, or HELD_OUT
data/prepared/unlabelled.npz     images (M, 28, 28) uint8, in the order of test.csv
data/predictions/labelled.npz    probabilities (N, 10) float32, NaN where nobody judged who had not seen the image
data/predictions/unlabelled.npz  probabilities (M, 10) float32
"""

from typing import NamedTuple

import numpy as np

from digits import files

HELD_OUT = -1


class Labelled(NamedTuple):
    images: np.ndarray
    labels: np.ndarray
    fold: np.ndarray


def save(path, **arrays):
    """Write arrays under their names; the same arrays are the same bytes."""
    with files.replacing(path) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays)


def load_labelled(path):
    """Read prepared, labelled images as Labelled."""
    return Labelled(*_load(path, Labelled._fields))


def load_unlabelled(path):
    """Read prepared, unlabelled images: (M, 28, 28) uint8."""
    return _load(path, ["images"])[0]


def load_probabilities(path):
    """Read predictions: (N, 10) float32."""
    return _load(path, ["probabilities"])[0]


def _load(path, names):
    with np.load(path, allow_pickle=False) as archive:
        return [archive[name] for name in names]
