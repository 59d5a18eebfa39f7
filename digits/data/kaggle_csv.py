"""Read and write Kaggle's CSV format.

train.csv              label,pixel0,…,pixel783   labels 0–9, pixels 0–255, row-major 28×28, white ink on black
test.csv               pixel0,…,pixel783
sample_submission.csv  ImageId,Label             ids 1…M in order; a submission has the same form

pandas parses the files without a dtype, and only columns that it infers to be int64 are accepted: with dtype="uint8",
pandas reads 256 as 0, and with any integer dtype True as 1. The first invalid cell of a rejected file is located here,
for the error message.
"""

import csv
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits import files
from digits.errors import InputError

SIDE = 28
PIXELS = [f"pixel{i}" for i in range(SIDE * SIDE)]
TRAIN_COLUMNS = ["label", *PIXELS]
SUBMISSION_COLUMNS = ["ImageId", "Label"]
FILES = ("train.csv", "test.csv", "sample_submission.csv")

_HEADERS = dict(zip(FILES, (TRAIN_COLUMNS, PIXELS, SUBMISSION_COLUMNS), strict=True))
_CHUNK_ROWS = 4096  # as fast as larger chunks; 26 MB as int64
_MAX_LINE_BYTES = 1 << 16  # a row of train.csv has at most 3,139
_INTEGER = re.compile(r"\s*[+-]?0*[0-9]{1,18}\s*", re.ASCII)  # what pandas reads as int64
_SIGNATURES = {
    b"PK\x03\x04": "is a zip file; unzip it",
    b"\x1f\x8b": "is a gzip file; decompress it",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
}


def read_train(path: str | Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read labelled images.

    Returns:
        images (N, 28, 28) uint8, labels (N,) uint8.

    Raises:
        InputError: The file is missing, a cell is invalid (with its line, column and value), or a label has no image.
    """
    table = _read_table(path, TRAIN_COLUMNS)
    images, labels = table[:, 1:].reshape(-1, SIDE, SIDE), table[:, 0]
    absent = np.flatnonzero(np.bincount(labels, minlength=10) == 0)
    if absent.size:
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
        _check_line_lengths(path)
        with open(path, encoding="utf-8", newline="") as file:
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
    except ValueError:  # from pandas, from these checks, or a UnicodeDecodeError
        _raise_first_error(path, columns, valid_rows=sum(map(len, chunks)))
        raise
    return np.concatenate(chunks)


def _check_line_lengths(path: str | Path) -> None:
    """Raise ValueError for a line that is so long that pandas could run out of memory."""
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_MAX_LINE_BYTES), b""):
            if len(block) == _MAX_LINE_BYTES and b"\n" not in block and b"\r" not in block:
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
    if (values < 0).any() or (values > [_max_offset(column) for column in columns]).any():
        raise ValueError("out of range")
    return values.astype(np.uint8)


def _max_offset(column: str) -> int:
    """Return how much a cell may exceed the lowest valid value: 0, or the expected id for ImageId."""
    return {"ImageId": 0, "Label": 9, "label": 9}.get(column, 255)


def _raise_first_error(path: str | Path, columns: list[str], valid_rows: int) -> None:
    """Raise InputError for the first invalid line or cell after `valid_rows` rows."""
    with open(path, "rb") as binary:
        start = binary.read(4)
    for signature, problem in _SIGNATURES.items():
        if start.startswith(signature):
            raise InputError(f"{path} {problem}")
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = (line.removesuffix("\n").split(",") for line in iter(lambda: file.readline(_MAX_LINE_BYTES), ""))
        _check_header(path, next(lines, [""]), columns)
        number = valid_rows + 1
        for number, cells in islice(enumerate(lines, start=2), valid_rows, None):
            _check_row(f"{path}, line {number}", number, cells, columns)
        if number == 1:
            raise InputError(f"{path}: no row below the header; use the complete file")


def _check_header(path: str | Path, names: list[str], columns: list[str]) -> None:
    expected = ",".join(columns if len(columns) <= 2 else [*columns[:2], "…", columns[-1]])
    if names == [""]:
        raise InputError(f"{path}, line 1: the header is missing; it must be {expected}")
    for name, header in _HEADERS.items():
        if names == header != columns:
            raise InputError(f"{path}, line 1: this is the header of {name}, not {expected}; are the files mixed up?")
    for i, (name, column) in enumerate(zip(names, columns, strict=False), start=1):
        if name != column:
            found = f"{path}, line 1, column {i}: {_shorten(name)} instead of {column}"
            raise InputError(f"{found}; the header must be {expected}")
    if len(names) != len(columns):
        found = f"{path}, line 1: {len(names)} columns instead of {len(columns)}"
        raise InputError(f"{found}; the header must be {expected}")


def _check_row(place: str, number: int, cells: list[str], columns: list[str]) -> None:
    if cells == [""]:
        raise InputError(f"{place} is empty; delete it")
    if len(cells) < len(columns):
        last = f"the last, {columns[len(cells) - 1]}, is {_shorten(cells[-1])}"
        raise InputError(f"{place}: only {len(cells)} of {len(columns)} cells, {last}; is the file truncated?")
    if len(cells) > len(columns):
        surplus = _shorten(cells[len(columns)])
        raise InputError(
            f"{place}: {len(cells)} cells instead of {len(columns)}; delete {surplus} and the cells after it"
        )
    for column, cell in zip(columns, cells, strict=True):
        lowest = number - 1 if column == "ImageId" else 0
        highest = lowest + _max_offset(column)
        if not _INTEGER.fullmatch(cell) or not lowest <= int(cell) <= highest:
            valid = f"an integer from 0 to {highest}" if lowest < highest else f"{lowest}, since ids count from 1"
            raise InputError(f"{place}, column {column}: {_shorten(cell)}; expected {valid}")


def _shorten(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "…") if value else "empty"
