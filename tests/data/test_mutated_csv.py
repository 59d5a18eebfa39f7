"""A valid file with one random change is read as Python's csv module reads it, or refused in one line."""

import csv
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from malformed_csv import READERS, SAMPLE, TEST, TRAIN

from digits.data import kaggle_csv
from digits.errors import InputError


@pytest.fixture(scope="module")
def small(few_digits, tmp_path_factory):
    """Three valid files of twelve images with all ten labels, {name: bytes}, and a folder for the changed ones."""
    folder = tmp_path_factory.mktemp("small")
    images = few_digits[0][:12]
    labels = np.arange(12, dtype=np.uint8) % 10
    kaggle_csv.write_train(folder / TRAIN, images, labels)
    kaggle_csv.write_test(folder / TEST, images)
    kaggle_csv.write_submission(folder / SAMPLE, labels)
    return {name: (folder / name).read_bytes() for name in READERS}, folder


INSERTED = [b",", b"\n", b"\r", b"\r\n", b"\0", b'"', b" ", b"-", b".", b"e", b"\xff", b"\xef\xbb\xbf"]
INSERTED += [b"0", b"256", b"9", b"\xd9\xa3", b"pixel0", b"True", b"1e1", b".0"]
PLACE = st.floats(0, 1, exclude_max=True)
MUTATION = st.tuples(
    st.sampled_from(["put", "change", "insert", "delete", "double", "swap lines", "double line", "drop line", "cut"]),
    PLACE,
    PLACE,
    st.sampled_from(INSERTED) | st.binary(min_size=1, max_size=3),
)


def mutate(data, kind, place, other, inserted):
    """Change a file in one place, or swap two lines; `place` and `other` are fractions of its length."""
    at = int(place * len(data))
    end = min(len(data), at + 1 + int(other**4 * 3000))  # mostly a few bytes, sometimes more than a row
    lines = data.splitlines(keepends=True)
    one, two = int(place * len(lines)), int(other * len(lines))
    match kind:
        case "put":
            return data[:at] + inserted + data[at + len(inserted) :]
        case "change":
            return data[:at] + bytes([(data[at] + 1 + int(other * 255)) % 256]) + data[at + 1 :]
        case "insert":
            return data[:at] + inserted + data[at:]
        case "delete":
            return data[:at] + data[end:]
        case "double":
            return data[:end] + data[at:end] + data[end:]
        case "swap lines":
            lines[one], lines[two] = lines[two], lines[one]
        case "double line":
            lines.insert(two, lines[one])
        case "drop line":
            del lines[one]
        case "cut":
            return data[:at]
    return b"".join(lines)


def read_with_csv_module(data, columns):
    """Read a table with Python's csv module and int(), or return None if a cell is invalid.

    It accepts more than the project's reader: quotes and underscores.
    """
    try:
        first, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        table = [[int(value) for value in row] for row in rows]
    except (ValueError, csv.Error):
        return None
    if first != columns or not rows or any(len(row) != len(columns) for row in rows):
        return None
    if columns == kaggle_csv.TRAIN_COLUMNS and len({row[0] for row in table}) < 10:
        return None
    for line, row in enumerate(table, start=2):
        for column, value in zip(columns, row, strict=True):
            lowest = line - 1 if column == "ImageId" else 0
            highest = {"ImageId": lowest, "label": 9, "Label": 9}.get(column, 255)
            if not lowest <= value <= highest:
                return None
    return table


COLUMNS = {TRAIN: kaggle_csv.TRAIN_COLUMNS, TEST: kaggle_csv.PIXELS, SAMPLE: kaggle_csv.SUBMISSION_COLUMNS}


@pytest.mark.parametrize("examples", [60, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.faults])])
@pytest.mark.parametrize("name", READERS)
def test_a_mutated_file_is_read_as_by_the_csv_module_or_refused_in_one_line(small, name, examples):
    """A mutated file that is still canonical, perhaps with another digit, must be read."""
    files, folder = small
    counts = {"read": 0, "refused": 0}

    @settings(max_examples=examples, derandomize=True, database=None, deadline=None)
    @given(MUTATION)
    def check(mutation):
        data = mutate(files[name], *mutation)
        (folder / name).write_bytes(data)
        expected = read_with_csv_module(data, COLUMNS[name])
        try:
            got = READERS[name](folder / name)
        except InputError as refused:
            message = str(refused)
            assert message.isprintable() and len(message) < 400 and name in message
            assert re.search(r"line \d+|no row below|no image has|is UTF-16|is a (g?zip)", message), message
            canonical = expected and "\n".join(",".join(map(str, row)) for row in [COLUMNS[name], *expected]) + "\n"
            assert canonical is None or canonical.encode() != data, f"a valid file was refused: {message}"
            counts["refused"] += 1
            return
        assert expected is not None, "an invalid file was read"
        expected = np.array(expected)
        if name == TRAIN:
            np.testing.assert_array_equal(got[0].reshape(len(expected), -1), expected[:, 1:])
            np.testing.assert_array_equal(got[1], expected[:, 0])
        else:
            np.testing.assert_array_equal(got.reshape(len(expected), -1), expected if name == TEST else expected[:, 1:])
        counts["read"] += 1

    check()
    assert min(counts.values()) > examples / 20, counts
