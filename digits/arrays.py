"""The arrays between the stages, as NumPy archives.

data/prepared/labelled.npz      images (N, 28, 28) uint8, labels (N,) uint8, fold (N,) int8: 0…folds−1, HELD_OUT,
                                or TRAIN_ONLY
data/prepared/unlabelled.npz    images (M, 28, 28) uint8, in the order of test.csv
data/predictions/member-K.npz   probabilities float32 by member K: fold (F, 10) of its own fold, held_out (H, 10),
                                unlabelled (M, 10), each in the order of the prepared images
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits import errors, files
from digits.errors import InputError

HELD_OUT, TRAIN_ONLY = -1, -2  # in place of a fold: for the evaluation alone, and for the training of every member
LABELLED, UNLABELLED = Path("data/prepared/labelled.npz"), Path("data/prepared/unlabelled.npz")
PREDICTIONS = Path("data/predictions")


class Labelled(NamedTuple):
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    fold: NDArray[np.int8]


class MemberPredictions(NamedTuple):
    """What one member predicts: probabilities (…, 10) float32 of images that it was not trained on."""

    fold: NDArray[np.float32]
    held_out: NDArray[np.float32]
    unlabelled: NDArray[np.float32]


def save(path: str | Path, **arrays: NDArray[Any]) -> None:
    """Write arrays under their names; equal arrays give equal bytes, with any version of Python.

    `numpy.savez` does not: it opens each entry of the archive as a stream, whose header changed in Python 3.11.4.
    """
    with files.atomic_write(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())


def load_labelled(path: str | Path = LABELLED) -> Labelled:
    """Load the prepared labelled images. Raises InputError for a missing or invalid file, as all loaders do."""
    labelled = Labelled(*_load(path, images=((28, 28), np.uint8), labels=((), np.uint8), fold=((), np.int8)))
    if not len(labelled.images) == len(labelled.labels) == len(labelled.fold):
        raise _invalid(path, "its arrays differ in length")
    return labelled


def load_unlabelled(path: str | Path = UNLABELLED) -> NDArray[np.uint8]:
    """Load the prepared unlabelled images: (M, 28, 28) uint8."""
    return _load(path, images=((28, 28), np.uint8))[0]


def predictions_path(member: int, folder: str | Path = PREDICTIONS) -> Path:
    """Return where the predictions of a member are stored."""
    return Path(folder) / f"member-{member}.npz"


def load_predictions(members: Sequence[int], folder: str | Path = PREDICTIONS) -> list[MemberPredictions]:
    """Load what each of the members predicts."""
    ten = ((10,), np.float32)
    paths = [predictions_path(member, folder) for member in members]
    return [MemberPredictions(*_load(path, fold=ten, held_out=ten, unlabelled=ten)) for path in paths]


def _load(path: str | Path, **expected: tuple[tuple[int, ...], type]) -> list[NDArray[Any]]:
    """Load arrays by name, without unpickling.

    Args:
        path: the archive.
        expected: the shape without its first axis, and the dtype of each array.

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
        if array.shape[1:] != shape or array.dtype != dtype:
            raise _invalid(path, f"{name} is {array.dtype} {array.shape}")
    return arrays


def _invalid(path: str | Path, reason: str) -> InputError:
    return InputError(
        f"{path} is damaged, or not a file of this project ({reason}); run `dvc repro` to create it again"
    )
