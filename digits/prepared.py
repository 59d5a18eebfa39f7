"""The images between prepare and the stages after it, as NumPy archives.

labelled.npz    images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, or HELD_OUT
unlabelled.npz  images (M, 28, 28) uint8, in the order of test.csv
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
    """Read `labelled.npz` as Labelled."""
    with np.load(path, allow_pickle=False) as arrays:
        return Labelled(*(arrays[name] for name in Labelled._fields))


def load_unlabelled(path):
    """Read `unlabelled.npz`: images (M, 28, 28) uint8."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["images"]
