"""Read and write Kaggle's CSV format.

train.csv              label,pixel0,…,pixel783   labels 0–9, pixels 0–255, row-major 28×28, white ink on black
test.csv               pixel0,…,pixel783
sample_submission.csv  ImageId,Label             ids 1…M in order; a submission has the same form

pandas parses the files without a dtype, and only columns that it infers to be int64 are accepted: with dtype="uint8",
pandas reads 256 as 0, and with any integer dtype True as 1. `csv_errors` locates the first invalid cell of a rejected
file.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits import errors, files
from digits.data import csv_errors
from digits.errors import InputError

SIDE = 28
PIXELS = [f"pixel{i}" for i in range(SIDE * SIDE)]
TRAIN_COLUMNS = ["label", *PIXELS]
SUBMISSION_COLUMNS = ["ImageId", "Label"]
FILES = ("train.csv", "test.csv", "sample_submission.csv")

_COLUMNS = dict(zip(FILES, (TRAIN_COLUMNS, PIXELS, SUBMISSION_COLUMNS), strict=True))
_CHUNK_ROWS = 4096  # as fast as larger chunks; 26 MB as int64


def read_train(path: str | Path, all_labels: bool = True) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read labelled images.

    Args:
        path: a file in the form of train.csv.
        all_labels: whether each label must have an image.

    Returns:
        images (N, 28, 28) uint8, labels (N,) uint8.

    Raises:
        InputError: The file is missing, a cell is invalid (with its line, column and value), or a label has no image.
    """
    table = _read_table(path, TRAIN_COLUMNS)
    images, labels = table[:, 1:].reshape(-1, SIDE, SIDE), table[:, 0]
    absent = np.flatnonzero(np.bincount(labels, minlength=10) == 0)
    if all_labels and absent.size:
        raise InputError(f"{path}: no image has the label {absent[0]}; use the complete file")
    return np.ascontiguousarray(images), labels.copy()


def read_test(path: str | Path) -> NDArray[np.uint8]:
    """Read unlabelled images: (M, 28, 28) uint8. Raises InputError as `read_train` does."""
    return _read_table(path, PIXELS).reshape(-1, SIDE, SIDE)


def read_submission(path: str | Path) -> NDArray[np.uint8]:
    """Read the labels of a submission or of the sample submission.

    Returns:
        labels (M,) uint8, of the ids 1…M.

    Raises:
        InputError: The file is missing, or a cell is invalid (with its line, column and value).
    """
    return _read_table(path, SUBMISSION_COLUMNS)[:, 1]


def write_files(
    folder: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8], unlabelled: NDArray[np.uint8]
) -> None:
    """Write the three files to a folder; the sample submission contains zeros.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,) uint8, of `images`.
        unlabelled: images (M, 28, 28) uint8.
    """
    write_train(folder / "train.csv", images, labels)
    write_test(folder / "test.csv", unlabelled)
    write_submission(folder / "sample_submission.csv", np.zeros(len(unlabelled), np.uint8))


def write_train(path: str | Path, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Write images (N, 28, 28) uint8 and labels (N,) uint8."""
    _write_table(path, TRAIN_COLUMNS, np.column_stack([labels, images.reshape(len(images), -1)]))


def write_test(path: str | Path, images: NDArray[np.uint8]) -> None:
    """Write images (M, 28, 28) uint8."""
    _write_table(path, PIXELS, images.reshape(len(images), -1))


def write_submission(path: str | Path, labels: NDArray[np.integer]) -> None:
    """Write labels (M,), digits 0–9, with the ids 1…M."""
    _write_table(path, SUBMISSION_COLUMNS, np.column_stack([np.arange(1, len(labels) + 1), labels]))


def _write_table(path: str | Path, columns: list[str], table: NDArray[np.integer]) -> None:
    with files.atomic_write(path) as partial:
        pd.DataFrame(table, columns=columns).to_csv(partial, index=False, lineterminator="\n")


def _read_table(path: str | Path, columns: list[str]) -> NDArray[np.uint8]:
    """Read and check a table: (rows, len(columns)) uint8; ImageId becomes 0."""
    chunks: list[NDArray[np.uint8]] = []
    try:
        with errors.explain_os_errors(path), open(path, encoding="utf-8", newline="") as file:
            _check_line_lengths(path)
            frames = pd.read_csv(
                file,
                chunksize=_CHUNK_ROWS,
                quoting=csv.QUOTE_NONE,  # a quote would swallow separators
                skip_blank_lines=False,
                low_memory=False,  # True infers the types from parts of a chunk
            )
            chunks.extend(_to_uint8(frame, columns) for frame in frames)
    except FileNotFoundError:
        raise InputError(f"{path} is missing; use the complete set of files") from None
    except ValueError as error:  # from pandas, from these checks, or a UnicodeDecodeError
        if isinstance(error, pd.errors.ParserError) and "out of memory" in str(error):
            raise MemoryError from None
        csv_errors.raise_first_error(path, columns, _COLUMNS, valid_rows=sum(map(len, chunks)))
        raise
    return np.concatenate(chunks)


def _check_line_lengths(path: str | Path) -> None:
    """Raise ValueError for a line that is so long that pandas could run out of memory."""
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(csv_errors.MAX_LINE_BYTES), b""):
            if len(block) == csv_errors.MAX_LINE_BYTES and b"\n" not in block and b"\r" not in block:
                raise ValueError("line too long")


def _to_uint8(frame: pd.DataFrame, columns: list[str]) -> NDArray[np.uint8]:
    """Convert parsed rows to uint8; raise ValueError unless each cell is valid."""
    # pandas turns surplus cells of the first row into another index
    if list(frame.columns) != columns or not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("unexpected columns")
    if (frame.dtypes != np.int64).any():
        raise ValueError("not a table of integers")
    if "ImageId" in frame:
        frame["ImageId"] -= frame.index + 1
    values = frame.to_numpy()
    if (values < 0).any() or (values > [csv_errors.max_offset(column) for column in columns]).any():
        raise ValueError("out of range")
    return values.astype(np.uint8)
