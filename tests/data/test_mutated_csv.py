"""A good file with one random change is read as another reader reads it, or refused in one line."""

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
    """Three good files of twelve images, every digit among the labels: {name: bytes}, and a folder to spoil them in."""
    folder = tmp_path_factory.mktemp("small")
    images = few_digits[0][:12]
    labels = np.arange(12, dtype=np.uint8) % 10
    kaggle_csv.write_train(folder / TRAIN, images, labels)
    kaggle_csv.write_test(folder / TEST, images)
    kaggle_csv.write_submission(folder / SAMPLE, labels)
    return {name: (folder / name).read_bytes() for name in READERS}, folder


TROUBLES = [
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b'"',
    b" ",
    b"-",
    b".",
    b"e",
    b"\xff",
    b"\xef\xbb\xbf",
    b"0",
    b"256",
    b"9",
    b"\xd9\xa3",
    b"pixel0",
]
PLACE = st.floats(0, 1, exclude_max=True)
MUTATION = st.tuples(
    st.sampled_from(["put", "change", "insert", "delete", "double", "swap lines", "double line", "drop line", "cut"]),
    PLACE,
    PLACE,
    st.sampled_from(TROUBLES) | st.binary(min_size=1, max_size=3),
)


def mutated(data, kind, place, other, trouble):
    """Change the bytes of a file in one place, or in two that change theirs."""
    at = int(place * len(data))
    end = min(len(data), at + 1 + int(other**4 * 3000))  # mostly a few bytes, sometimes more than a row
    lines = data.splitlines(keepends=True)
    one, two = int(place * len(lines)), int(other * len(lines))
    match kind:
        case "put":
            return data[:at] + trouble + data[at + len(trouble) :]
        case "change":
            return data[:at] + bytes([(data[at] + 1 + int(other * 255)) % 256]) + data[at + 1 :]
        case "insert":
            return data[:at] + trouble + data[at:]
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


def by_the_csv_module(data, columns):
    """What Python's own reader and int() make of a file: rows of numbers, or None where they are not what they must be.

    It is more lenient than ours, which takes neither quotes nor signs nor spaces.
    """
    try:
        first, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        if first != columns or not rows or any(len(row) != len(columns) for row in rows):
            return None
        table = [[int(value) for value in row] for row in rows]
    except (ValueError, csv.Error):
        return None
    if columns == kaggle_csv.SUBMISSION_COLUMNS:
        good = all(row[0] == i and 0 <= row[1] <= 9 for i, row in enumerate(table, start=1))
    else:
        good = all(
            0 <= value <= (9 if column == "label" else 255)
            for row in table
            for column, value in zip(columns, row, strict=True)
        )
    if columns == kaggle_csv.TRAIN_COLUMNS:
        good = good and len({row[0] for row in table}) == 10
    return table if good else None


COLUMNS = {TRAIN: kaggle_csv.TRAIN_COLUMNS, TEST: kaggle_csv.PIXELS, SAMPLE: kaggle_csv.SUBMISSION_COLUMNS}
EXAMPLES = 600


@pytest.mark.parametrize("name", READERS)
def test_a_mutated_file_is_read_as_another_reader_reads_it_or_refused_in_one_line(small, name):
    """Where the mutated file is still of Kaggle's form to the byte, another digit perhaps, it must be read."""
    files, folder = small
    fates = {"read": 0, "refused": 0}

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
    @given(MUTATION)
    def check(mutation):
        data = mutated(files[name], *mutation)
        (folder / name).write_bytes(data)
        expected = by_the_csv_module(data, COLUMNS[name])
        try:
            got = READERS[name](folder / name)
        except InputError as refused:
            message = str(refused)
            assert message.isprintable() and len(message) < 400 and name in message
            assert re.search(r"line \d+|no row below|no image has|is UTF-16|is a (g?zip)", message), message
            canonical = expected and "\n".join(",".join(map(str, row)) for row in [COLUMNS[name], *expected]) + "\n"
            assert canonical is None or canonical.encode() != data, f"a good file was refused: {message}"
            fates["refused"] += 1
            return
        assert expected is not None, "what the other reader refuses was read"
        expected = np.array(expected)
        if name == TRAIN:
            np.testing.assert_array_equal(got[0].reshape(len(expected), -1), expected[:, 1:])
            np.testing.assert_array_equal(got[1], expected[:, 0])
        else:
            np.testing.assert_array_equal(got.reshape(len(expected), -1), expected if name == TEST else expected[:, 1:])
        fates["read"] += 1

    check()
    assert min(fates.values()) > EXAMPLES / 20, fates
