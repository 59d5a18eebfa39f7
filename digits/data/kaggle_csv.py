"""Read and write Kaggle's CSV format, and unzip its archive.

train.csv              label,pixel0,…,pixel783   labels 0–9, pixels 0–255, row-major 28×28, white ink on black
test.csv               pixel0,…,pixel783
sample_submission.csv  ImageId,Label             ids 1…M in order; a submission has the same form

pandas parses the files without a dtype, and only columns that it infers to be int64 are accepted: with dtype="uint8",
pandas reads 256 as 0, and with any integer dtype True as 1. A rejected file is read again to name its first bad cell.
"""

import csv
import re
import zipfile
import zlib
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits import errors, files
from digits.errors import InputError

SIDE = 28
PIXELS = [f"pixel{i}" for i in range(SIDE * SIDE)]
TRAIN_COLUMNS = ["label", *PIXELS]
SUBMISSION_COLUMNS = ["ImageId", "Label"]
FILES = ("train.csv", "test.csv", "sample_submission.csv")

_COLUMNS = dict(zip(FILES, (TRAIN_COLUMNS, PIXELS, SUBMISSION_COLUMNS), strict=True))
_CHUNK_ROWS = 4096  # as fast as larger chunks; 26 MB as int64
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)  # what pandas reads as int64
_SIGNATURES = {
    b"PK": "is a zip archive or a spreadsheet; unzip it, or export it as CSV",
    b"\x1f\x8b": "is a gzip archive; decompress it",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
}


def read_train(path: str | Path, all_labels: bool = True) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read labelled images (N, 28, 28) uint8 and their labels (N,) uint8.

    Args:
        path: a file in the form of train.csv.
        all_labels: whether each label must have an image.

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
    """Read the labels (M,) uint8 of the ids 1…M. Raises InputError as `read_train` does."""
    return _read_table(path, SUBMISSION_COLUMNS)[:, 1]


def write_files(
    folder: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8], unlabelled: NDArray[np.uint8]
) -> None:
    """Write images (N, 28, 28), their labels (N,) and unlabelled images (M, 28, 28) as the three files of a folder."""
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


def unzip(archive: Path, folder: Path) -> None:
    """Extract the three files, verified by their checksums. Raises InputError if one is damaged or missing."""
    try:
        with errors.explain_os_errors(folder), zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder, FILES)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:  # KeyError: a file is missing
        raise InputError(
            f"{archive} is damaged, or not Kaggle's archive ({error.args[0]}); download it again"
        ) from None


def _read_table(path: str | Path, columns: list[str]) -> NDArray[np.uint8]:
    """Read and check a table: (rows, len(columns)) uint8; ImageId becomes 0."""
    chunks: list[NDArray[np.uint8]] = []
    try:
        with errors.explain_os_errors(path):
            # QUOTE_NONE: an unclosed quote would swallow rows; low_memory would infer the types from parts of a chunk
            frames = pd.read_csv(path, chunksize=_CHUNK_ROWS, quoting=csv.QUOTE_NONE, low_memory=False)
            chunks.extend(_to_uint8(frame, columns, i * _CHUNK_ROWS) for i, frame in enumerate(frames))
    except FileNotFoundError:
        raise InputError(f"{path} is missing; run `dvc repro`") from None
    except ValueError:  # from pandas, from _to_uint8, or a UnicodeDecodeError
        _raise_first_error(path, columns, valid_rows=sum(map(len, chunks)))
        raise
    return np.concatenate(chunks)


def _to_uint8(frame: pd.DataFrame, columns: list[str], first: int) -> NDArray[np.uint8]:
    """Convert parsed rows, the first of which has the index `first`; raise ValueError unless each cell is valid."""
    # where the first row is longer than the header, pandas makes the first cells of each row the index
    has_row_numbers = frame.index.equals(pd.RangeIndex(first, first + len(frame)))
    if list(frame.columns) != columns or not has_row_numbers or (frame.dtypes != np.int64).any():
        raise ValueError("not a table of integers with these columns")
    if "ImageId" in frame:
        frame["ImageId"] -= frame.index + 1
    values = frame.to_numpy()
    if (values < 0).any() or (values > [_valid_values(column, row=0)[-1] for column in columns]).any():
        raise ValueError("out of range")
    return values.astype(np.uint8)


def _valid_values(column: str, row: int) -> range:
    """Return the valid values of a cell; rows count from 1 and do not include the header."""
    if column == "ImageId":
        return range(row, row + 1)
    return range(10) if column in ("label", "Label") else range(256)


def _raise_first_error(path: str | Path, columns: list[str], valid_rows: int) -> None:
    """Raise InputError for the first invalid line or cell below the rows that are known to be valid."""
    with open(path, "rb") as binary:
        start = binary.read(2)
    if start in _SIGNATURES:
        raise InputError(f"{path} {_SIGNATURES[start]}")
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = ((number, line.rstrip("\n").split(",")) for number, line in enumerate(file, start=1) if line.strip())
        _check_header(path, next(lines, (1, [""]))[1], columns)
        row = valid_rows
        for row, (number, cells) in islice(enumerate(lines, start=1), valid_rows, None):
            _check_row(f"{path}, line {number}", row, cells, columns)
    if row == 0:
        raise InputError(f"{path}: no row below the header; use the complete file")


def _check_header(path: str | Path, names: list[str], columns: list[str]) -> None:
    expected = ",".join(columns if len(columns) == 2 else [*columns[:2], "…", columns[-1]])
    for file, header in _COLUMNS.items():
        if names == header != columns:
            raise InputError(f"{path}, line 1: this is the header of {file}, not {expected}; are the files mixed up?")
    hints = {
        "the file is empty": names == [""],
        "the columns must be separated by commas": ";" in names[0] or "\t" in names[0],
        "the header is missing": names[0].strip().isdigit(),
        "remove the column of row numbers": len(names) == len(columns) + 1 and not names[0],
    }
    hint = next((hint for hint, applies in hints.items() if applies), f"it must be {expected}")
    for i, (name, column) in enumerate(zip_longest(names, columns, fillvalue=""), start=1):
        if name != column:
            raise InputError(f"{path}, line 1, column {i}: {name[:40]!r} instead of {column!r}; {hint}")


def _check_row(place: str, row: int, cells: list[str], columns: list[str]) -> None:
    if len(cells) != len(columns):
        found = f"{len(cells)} cells instead of {len(columns)}, the last is {cells[-1][:40]!r}"
        raise InputError(f"{place}: {found}; is the file truncated, or is a comma too many in the line?")
    for column, cell in zip(columns, cells, strict=True):
        valid = _valid_values(column, row)
        if not _INTEGER.fullmatch(cell) or int(cell) not in valid:
            expected = f"an integer from 0 to {valid[-1]}" if len(valid) > 1 else f"{row}, since ids count from 1"
            raise InputError(f"{place}, column {column}: {cell[:40]!r}; expected {expected}")
