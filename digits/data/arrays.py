"""The arrays between the stages, as NumPy archives.

data/prepared/labelled.npz       images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, or HELD_OUT
data/prepared/unlabelled.npz     images (M, 28, 28) uint8, in the order of test.csv
data/predictions/labelled.npz    probabilities (N, 10) float32, NaN where every network was trained on the image
data/predictions/held_out.npz    probabilities (H, K, 10) float32, of the held-out images by each of K members
data/predictions/unlabelled.npz  probabilities (M, 10) float32
"""

import io
import zipfile
from typing import NamedTuple

import numpy as np

from digits import files
from digits.errors import InputError

HELD_OUT = -1


class Labelled(NamedTuple):
    images: np.ndarray
    labels: np.ndarray
    fold: np.ndarray


def save(path, **arrays):
    """Write arrays under their names; the same arrays are the same bytes, with any Python.

    Not so with `numpy.savez`, which opens each entry of the archive as a stream: Python 3.11.4 changed those headers.
    """
    with files.atomic_write(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())


def load_labelled(path):
    """Read prepared, labelled images as Labelled."""
    labelled = Labelled(*_load(path, images=((28, 28), np.uint8), labels=((), np.uint8), fold=((), np.int8)))
    if not len(labelled.images) == len(labelled.labels) == len(labelled.fold):
        raise _damaged(path, "its arrays differ in length")
    return labelled


def load_unlabelled(path):
    """Read prepared, unlabelled images: (M, 28, 28) uint8."""
    return _load(path, images=((28, 28), np.uint8))[0]


def load_probabilities(path):
    """Read predictions: (N, 10) float32."""
    return _load(path, probabilities=((10,), np.float32))[0]


def load_probabilities_by_member(path):
    """Read predictions of each member: (N, members, 10) float32."""
    return _load(path, probabilities=((None, 10), np.float32))[0]


def _load(path, **expected):
    """Read the arrays of these names, each of {name: (shape without its first axis, dtype)}; nothing is ever unpickled.

    None in a shape stands for any length.

    Raises:
        InputError: the file is missing, is no such archive, or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = [archive[name] for name in expected]
    except FileNotFoundError:
        raise InputError(f"{path} is missing; `dvc repro` makes it") from None
    except Exception as error:  # whatever a broken archive makes of NumPy and zipfile
        if isinstance(error, OSError) and error.errno:
            raise  # the disk's fault
        raise _damaged(path, str(error).split("\n")[0][:120]) from None
    for array, (name, (shape, dtype)) in zip(arrays, expected.items(), strict=True):
        fits = array.ndim == len(shape) + 1 and all(
            want in (None, have) for want, have in zip(shape, array.shape[1:], strict=True)
        )
        if not fits or array.dtype != dtype:
            raise _damaged(path, f"{name} is {array.dtype} {array.shape}")
    return arrays


def _damaged(path, reason):
    return InputError(f"{path} is damaged or another program's ({reason}); `dvc repro` makes it anew")
