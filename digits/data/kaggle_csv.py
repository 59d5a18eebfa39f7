"""Kaggle's CSV format, written and read here alone.

train.csv              label,pixel0,…,pixel783   labels 0–9, pixels 0–255, row-major 28×28, white ink on black
test.csv               pixel0,…,pixel783
sample_submission.csv  ImageId,Label             ids 1…M in order; an answer has the same form

The reader is strict and its own, because pandas lets a 256 become 0 and cuts a number at a NUL byte, and pandas with
these checks around it took 1.5 times its bare read. This one takes less than that bare read.
"""

import os
import re

import numpy as np

from digits import files
from digits.errors import InputError

SIDE = 28
PIXELS = [f"pixel{i}" for i in range(SIDE * SIDE)]
TRAIN_COLUMNS = ["label", *PIXELS]
SUBMISSION_COLUMNS = ["ImageId", "Label"]
FILES = ("train.csv", "test.csv", "sample_submission.csv")
MAX_BYTES = 1 << 29  # of a file, so that reading it takes less than 1 GB of memory; the competition's largest has 77 MB

_FOREIGN = {
    b"PK\x03\x04": "is a zip file; unpack it",
    b"\x1f\x8b": "is a gzip file; unpack it",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
}
_BLOCK = 1 << 20  # bytes parsed at a time: fits the cache, keeps the memory small
_COMMA, _NEWLINE, _ZERO, _NINE = b",\n09"
_MAX_LINE_BYTES = (
    1 << 16
)  # bytes of a header or an answer; of a longer line the beginning is read, and is wrong already
_NUMERAL = re.compile(r"[0-9]{1,3}")


def read_train(path):
    """Read labelled images.

    Returns:
        images (N, 28, 28) uint8, labels (N,) uint8.

    Raises:
        InputError: naming the file, line, column and value of the first cell that is wrong, or the label that no
            image has.
    """
    table = _read_numbers(path, TRAIN_COLUMNS)
    images, labels = table[:, 1:].reshape(-1, SIDE, SIDE), table[:, 0]
    absent = np.flatnonzero(np.bincount(labels, minlength=10) == 0)
    if absent.size:
        raise InputError(f"{path}: no image has the label {absent[0]}, so nobody can learn it; use the complete file")
    return np.ascontiguousarray(images), labels.copy()


def read_test(path):
    """Read unlabelled images: (M, 28, 28) uint8. Raises InputError as `read_train` does."""
    return _read_numbers(path, PIXELS).reshape(-1, SIDE, SIDE)


def read_submission(path):
    """Read an answer file, or the sample of one.

    Returns:
        labels (M,) uint8; the ids are 1…M, or it is an error.

    Raises:
        InputError: naming the file, line, column and value of what is wrong.
    """
    labels = bytearray()
    for line, (image_id, label) in _rows(path, SUBMISSION_COLUMNS):
        if image_id != str(line - 1):
            raise _bad_cell(path, line, "ImageId", image_id, f"{line - 1} belongs here: ids count from 1 without a gap")
        if not re.fullmatch("[0-9]", label):
            raise _bad_cell(path, line, "Label", label, "a label is a digit from 0 to 9")
        labels.append(int(label))
    if not labels:
        raise _without_rows(path)
    return np.array(labels, np.uint8)


def write_train(path, images, labels):
    """Write images (N, 28, 28) uint8 and labels (N,) uint8."""
    _write(path, TRAIN_COLUMNS, np.column_stack([labels, images.reshape(len(images), -1)]))


def write_test(path, images):
    """Write images (M, 28, 28) uint8."""
    _write(path, PIXELS, images.reshape(len(images), -1))


def write_submission(path, labels):
    """Write labels (M,), digits 0–9, under the ids 1…M."""
    _write(path, SUBMISSION_COLUMNS, np.column_stack([np.arange(1, len(labels) + 1), labels]))


def _write(path, columns, table):
    with files.atomic_write(path) as partial, open(partial, "w", newline="\n") as file:
        file.write(",".join(columns) + "\n")
        for row in table:
            file.write(",".join(map(str, row.tolist())) + "\n")


def _read_numbers(path, columns):
    """Read a table of numbers from 0 to 255 (labels to 9): (rows, columns) uint8."""
    tables = []
    line = 2
    with _opened(path) as file:
        _check_header(path, file.readline(_MAX_LINE_BYTES), columns)
        rest = b""
        while block := file.read(_BLOCK):
            block, rest = _split_at_last_newline(rest + block)
            tables.append(_parse(path, block, columns, line))
            line += len(tables[-1])
        if rest:
            tables.append(_parse(path, rest + b"\n", columns, line))
    table = np.concatenate(tables) if tables else np.empty((0, len(columns)), np.uint8)
    if not len(table):
        raise _without_rows(path)
    return table


def _split_at_last_newline(data):
    if len(data) > 4 * _BLOCK:
        return data, b""  # no line is this long: let the parser say which cell is wrong
    end = data.rfind(b"\n") + 1
    return data[:end], data[end:]


def _parse(path, block, columns, line):
    """Parse whole lines; `line` is the number in the file of the first."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(text < _ZERO)
    lengths = np.diff(ends, prepend=-1) - 1
    separators = text[ends]
    whole = len(ends) % len(columns) == 0 and (len(ends) == 0 or ends[-1] == len(text) - 1)
    if whole and len(ends) and (text <= _NINE).all() and lengths.min() >= 1 and lengths.max() <= 3:
        separators = separators.reshape(-1, len(columns))
        if (separators[:, :-1] == _COMMA).all() and (separators[:, -1] == _NEWLINE).all():
            numerals = text - np.uint8(_ZERO)
            values = numerals[ends - 1].astype(np.uint16)
            longer = np.flatnonzero(lengths > 1)
            values[longer] += numerals[ends[longer] - 2] * np.uint16(10)
            longer = longer[lengths[longer] > 2]
            values[longer] += numerals[ends[longer] - 3] * np.uint16(100)
            values = values.reshape(-1, len(columns))
            if values.max() <= 255 and (columns[0] != "label" or values[:, 0].max() <= 9):
                return values.astype(np.uint8)
    if len(block) == 0:
        return np.empty((0, len(columns)), np.uint8)
    raise _first_bad_cell(path, block, columns, line)


def _first_bad_cell(path, block, columns, line):
    for number, row in enumerate(block.removesuffix(b"\n").split(b"\n"), start=line):
        cells = row.decode(errors="replace").split(",")
        _check_width(path, number, cells, columns)
        for column, cell in zip(columns, cells, strict=True):
            highest = 9 if column == "label" else 255
            if not _NUMERAL.fullmatch(cell) or int(cell) > highest:
                return _bad_cell(path, number, column, cell, f"an integer from 0 to {highest} belongs here")
    raise AssertionError(f"{path}: the fast reader and the slow one disagree from line {line} on")


def _rows(path, columns):
    """Yield (line number, cells) of each row below the header of a small file."""
    with _opened(path) as file:
        _check_header(path, file.readline(_MAX_LINE_BYTES), columns)
        for line, row in enumerate(iter(lambda: file.readline(_MAX_LINE_BYTES), b""), start=2):
            cells = _without_line_end(row).decode(errors="replace").split(",")
            _check_width(path, line, cells, columns)
            yield line, cells


def _opened(path):
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        raise InputError(f"{path} is missing; use the complete set of files") from None
    size = os.fstat(file.fileno()).st_size
    if size > MAX_BYTES:
        file.close()
        raise InputError(f"{path} has {size:,} bytes; at most {MAX_BYTES:,} are read: take rows out")
    return file


def _without_line_end(row):
    return row.removesuffix(b"\n").removesuffix(b"\r")


def _check_header(path, row, columns):
    for opening, said in _FOREIGN.items():
        if row.startswith(opening):
            raise InputError(f"{path} {said}")
    text = _without_line_end(row).decode("utf-8-sig", errors="replace")
    names = text.split(",") if text else []
    expected = f"{columns[0]},{columns[1]},…,{columns[-1]}" if len(columns) > 2 else ",".join(columns)
    if not names:
        raise InputError(f"{path}, line 1: the header is missing; it must be {expected}")
    for name, its_columns in zip(FILES, (TRAIN_COLUMNS, PIXELS, SUBMISSION_COLUMNS), strict=True):
        if names == its_columns != columns:
            raise InputError(f"{path}, line 1: this is the header of {name}, not {expected}; are the files mixed up?")
    for i, (name, column) in enumerate(zip(names, columns, strict=False), start=1):
        if name != column:
            raise InputError(
                f"{path}, line 1, column {i}: {_short(name)} where {column} belongs; the header must be {expected}"
            )
    if len(names) != len(columns):
        raise InputError(
            f"{path}, line 1: {len(names)} columns where {len(columns)} belong; the header must be {expected}"
        )


def _check_width(path, line, cells, columns):
    if cells == [""]:
        raise InputError(f"{path}, line {line} is empty; take it out")
    if len(cells) < len(columns):
        last = f"the last, {columns[len(cells) - 1]}, is {_short(cells[-1])}"
        raise InputError(
            f"{path}, line {line}: only {len(cells)} of {len(columns)} cells, {last}; is the file cut off?"
        )
    if len(cells) > len(columns):
        first = _short(cells[len(columns)])
        raise InputError(
            f"{path}, line {line}: {len(cells)} cells where {len(columns)} belong; take out {first} and what follows"
        )


def _without_rows(path):
    return InputError(f"{path}: there is no row below the header; use the complete file")


def _bad_cell(path, line, column, value, rule):
    return InputError(f"{path}, line {line}, column {column}: {_short(value)}; {rule}")


def _short(value):
    return repr(value if len(value) <= 40 else value[:40] + "…") if value else "empty"
