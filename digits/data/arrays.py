"""The arrays between the stages, as NumPy archives.

data/prepared/labelled.npz       images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, HELD_OUT,
                                 or TRAIN_ONLY
data/prepared/unlabelled.npz     images (M, 28, 28) uint8, in the order of test.csv
data/predictions/labelled.npz    probabilities (N, 10) float32, NaN where every network was trained on the image
data/predictions/held_out.npz    probabilities (H, K, 10) float32, of the held-out images by each of K members
data/predictions/unlabelled.npz  probabilities (M, 10) float32
"""

import io
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits import errors, files
from digits.errors import InputError

HELD_OUT, TRAIN_ONLY = -1, -2  # in place of a fold: for the evaluation alone, and for the training of every member


class Labelled(NamedTuple):
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    fold: NDArray[np.int8]


def save(path: str | Path, **arrays: NDArray[Any]) -> None:
    """Write arrays under their names; equal arrays give equal bytes, with any version of Python.

    `numpy.savez` does not: it opens each entry of the archive as a stream, whose header changed in Python 3.11.4.
    """
    with files.atomic_write(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())


def load_labelled(path: str | Path) -> Labelled:
    """Load the prepared labelled images. Raises InputError for a missing or invalid file, as all loaders do."""
    labelled = Labelled(*_load(path, images=((28, 28), np.uint8), labels=((), np.uint8), fold=((), np.int8)))
    if not len(labelled.images) == len(labelled.labels) == len(labelled.fold):
        raise _invalid(path, "its arrays differ in length")
    return labelled


def load_unlabelled(path: str | Path) -> NDArray[np.uint8]:
    """Load the prepared unlabelled images: (M, 28, 28) uint8."""
    return _load(path, images=((28, 28), np.uint8))[0]


def load_probabilities(path: str | Path) -> NDArray[np.float32]:
    """Load predictions: (N, 10) float32."""
    return _load(path, probabilities=((10,), np.float32))[0]


def load_probabilities_by_member(path: str | Path) -> NDArray[np.float32]:
    """Load the predictions of each member: (N, members, 10) float32."""
    return _load(path, probabilities=((None, 10), np.float32))[0]


def _load(path: str | Path, **expected: tuple[tuple[int | None, ...], type]) -> list[NDArray[Any]]:
    """Load arrays by name, without unpickling.

    Args:
        path: the archive.
        expected: the shape without its first axis, with None for any length, and the dtype of each array.

    Raises:
        InputError: The file is missing, is not an archive, or contains other arrays.
    """
    try:
        with errors.explain_os_errors(path), np.load(path, allow_pickle=False) as archive:
            arrays = [archive[name] for name in expected]
    except FileNotFoundError:
        raise InputError(f"{path} is missing; run `dvc repro`") from None
    except InputError:
        raise
    except Exception as error:  # NumPy and zipfile raise many kinds for a damaged archive
        raise _invalid(path, str(error).split("\n")[0][:120]) from None
    for array, (name, (shape, dtype)) in zip(arrays, expected.items(), strict=True):
        if not _matches(array.shape, (None, *shape)) or array.dtype != dtype:
            raise _invalid(path, f"{name} is {array.dtype} {array.shape}")
    return arrays


def _matches(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(want in (None, size) for size, want in zip(shape, expected, strict=True))


def _invalid(path: str | Path, reason: str) -> InputError:
    return InputError(
        f"{path} is damaged, or not a file of this project ({reason}); run `dvc repro` to create it again"
    )
