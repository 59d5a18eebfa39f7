"""Locate what is wrong in one of Kaggle's CSV files, for the error message."""

import re
from itertools import islice
from pathlib import Path

from digits.errors import InputError

MAX_LINE_BYTES = 1 << 16  # a row of train.csv has at most 3,139
_INTEGER = re.compile(r"\s*[+-]?0*[0-9]{1,18}\s*", re.ASCII)  # what pandas reads as int64
_SIGNATURES = {
    b"PK\x03\x04": "is a zip file; unzip it",
    b"\x1f\x8b": "is a gzip file; decompress it",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
}


def max_offset(column: str) -> int:
    """Return the difference between the highest and the lowest valid value of a column; an id has one valid value."""
    return {"ImageId": 0, "Label": 9, "label": 9}.get(column, 255)


def raise_first_error(
    path: str | Path, columns: list[str], known_columns: dict[str, list[str]], valid_rows: int
) -> None:
    """Raise InputError for the first invalid line or cell, and return if there is none.

    Args:
        path: the file that was rejected.
        columns: the expected column names.
        known_columns: the column names of each file of the competition, to recognize files that were swapped.
        valid_rows: the number of rows below the header that need not be checked.
    """
    with open(path, "rb") as binary:
        start = binary.read(4)
    for signature, problem in _SIGNATURES.items():
        if start.startswith(signature):
            raise InputError(f"{path} {problem}")
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = (line.removesuffix("\n").split(",") for line in iter(lambda: file.readline(MAX_LINE_BYTES), ""))
        _check_header(path, next(lines, [""]), columns, known_columns)
        number = valid_rows + 1
        for number, cells in islice(enumerate(lines, start=2), valid_rows, None):
            _check_row(f"{path}, line {number}", number, cells, columns)
        if number == 1:
            raise InputError(f"{path}: no row below the header; use the complete file")


def _check_header(path: str | Path, names: list[str], columns: list[str], known_columns: dict[str, list[str]]) -> None:
    expected = ",".join(columns if len(columns) <= 2 else [*columns[:2], "…", columns[-1]])
    if names == [""]:
        raise InputError(f"{path}, line 1: the header is missing; it must be {expected}")
    for name, header in known_columns.items():
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
        highest = lowest + max_offset(column)
        if not _INTEGER.fullmatch(cell) or not lowest <= int(cell) <= highest:
            valid = f"an integer from 0 to {highest}" if lowest < highest else f"{lowest}, since ids count from 1"
            raise InputError(f"{place}, column {column}: {_shorten(cell)}; expected {valid}")


def _shorten(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "…") if value else "empty"
