"""Kaggle's CSV files: writing and reading, and the line that names the first bad cell of a malformed one."""

import gzip

import numpy as np
import pandas as pd
import pytest
from kaggle_server import zipped
from refusal import refusal

from digits.data import kaggle_csv

TRAIN, TEST, SAMPLE = kaggle_csv.FILES
READERS = {TRAIN: kaggle_csv.read_train, TEST: kaggle_csv.read_test, SAMPLE: kaggle_csv.read_submission}


def line(number, change):
    """Change one line; lines count from 1, the header's."""

    def apply(data):
        lines = data.split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\n".join(lines)

    return apply


def rows(change):
    """Change each line below the header."""
    return lambda data: b"\n".join([row if row[:1] in b"lpI" else change(row) for row in data.split(b"\n")])


def cells(change):
    return lambda row: b",".join(change(row.split(b",")))


def content(data):
    return lambda _: data


def replace(old, new):
    return lambda data: data.replace(old, new)


# values of line 3, column pixel7 of train.csv
CELLS = ["256", "18446744073709551617", "-1", "1.5", "1e1", "0x1", "1 000", "NaN", "NA", "True", "", "  "]
CELLS += ["'1'", '"12"', '"12', "٣", "O", "1;2", "1.0"]

# kind: (file, change, facts in the message)
MALFORMED = {
    f"{value!r}": (
        TRAIN,
        line(3, cells(lambda row, value=value: [*row[:8], value.encode(), *row[9:]])),
        ["line 3, column pixel7", f"{value!r}; expected an integer from 0 to 255"],
    )
    for value in CELLS
} | {
    "a decimal comma": (TRAIN, line(3, cells(lambda row: [*row[:8], b"1,5", *row[9:]])), ["line 3: 786 cells", "785"]),
    "not UTF-8": (TRAIN, line(3, lambda row: row + b"\xff"), ["line 3, column pixel783", "'0\ufffd'"]),
    "label 10": (TRAIN, line(8, lambda row: b"10" + row[1:]), ["line 8, column label: '10'", "0 to 9"]),
    "a label without images": (TRAIN, replace(b"\n4,", b"\n5,"), ["no image has the label 4"]),
    # the header
    "no header": (TRAIN, lambda data: data.split(b"\n", 1)[1], ["column 1: '0'", "the header is missing"]),
    "a misspelt column": (TRAIN, replace(b"pixel9,", b"pixle9,"), ["line 1, column 11: 'pixle9' instead of 'pixel9'"]),
    "a missing column": (TRAIN, line(1, replace(b",pixel783", b"")), ["line 1, column 785: '' instead of 'pixel783'"]),
    "an index column": (TRAIN, lambda data: replace(b"\n", b"\n0,")(b"," + data), ["column 1: ''", "row numbers"]),
    "semicolons": (TRAIN, replace(b",", b";"), ["line 1, column 1: 'label;pixel0;", "separated by commas"]),
    # rows
    "a short row": (TRAIN, line(4, cells(lambda row: row[:-1])), ["line 4: 784 cells instead of 785"]),
    "truncated in a row": (TRAIN, lambda data: data[:-100], ["line 151", "truncated"]),
    # other files
    "empty": (TRAIN, content(b""), ["line 1, column 1: '' instead of 'label'; the file is empty"]),
    "the header alone": (TRAIN, lambda data: data.split(b"\n")[0], ["no row below the header"]),
    "UTF-16": (TRAIN, lambda data: data.decode().encode("utf-16"), ["is UTF-16 text; save it as UTF-8"]),
    "a zip file": (TRAIN, lambda data: zipped({TRAIN: data}), ["is a zip archive", "unzip it"]),
    "a gzip file": (TRAIN, gzip.compress, ["is a gzip archive; decompress it"]),
    # sample_submission.csv
    "ids from 0": (SAMPLE, line(2, content(b"0,0")), ["line 2, column ImageId: '0'; expected 1"]),
    "sample: label 10": (SAMPLE, line(7, content(b"6,10")), ["line 7, column Label: '10'; expected", "0 to 9"]),
}

HARMLESS = {
    "Windows line ends": replace(b"\n", b"\r\n"),
    "a byte-order mark and Windows line ends": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "no line end at the end": lambda data: data.removesuffix(b"\n"),
    "blank lines": lambda data: data.replace(b"\n", b"\n\n", 3) + b"\n \n",
    "spaces and leading zeros": replace(b",0\n", b", 00 \n"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_is_refused_in_one_line(incoming, kind):
    name, change, facts = MALFORMED[kind]
    (incoming / name).write_bytes(change((incoming / name).read_bytes()))
    message = refusal(lambda: READERS[name](f"data/incoming/{name}"))
    for fact in [f"data/incoming/{name}", *facts]:
        assert fact in message, message


def test_fewer_images_than_ids_are_refused(incoming):
    kaggle_csv.write_test(incoming / TEST, kaggle_csv.read_test(incoming / TEST)[:49])
    message = refusal()
    assert "49 images" in message and "50 ids" in message


@pytest.mark.parametrize(("one", "other"), [(TRAIN, TEST), (TEST, SAMPLE), (TRAIN, SAMPLE)])
def test_swapped_files_are_recognized(incoming, one, other):
    first, second = (incoming / one).read_bytes(), (incoming / other).read_bytes()
    (incoming / one).write_bytes(second)
    (incoming / other).write_bytes(first)
    message = refusal()
    assert f"data/incoming/{one}, line 1: this is the header of {other}" in message and "mixed up" in message


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", HARMLESS)
def test_harmless_differences_are_read_to_the_same_images(incoming, name, kind):
    expected = READERS[name](incoming / name)
    (incoming / name).write_bytes(HARMLESS[kind]((incoming / name).read_bytes()))
    np.testing.assert_equal(READERS[name](incoming / name), expected)


def test_a_file_of_several_chunks_is_read_as_by_pandas_and_its_invalid_cell_located(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (4100, 784))
    pd.DataFrame(pixels, columns=kaggle_csv.PIXELS).to_csv(tmp_path / TEST, index=False)
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / TEST), pixels.reshape(-1, 28, 28))
    (tmp_path / TEST).write_bytes(line(4099, lambda row: row + b"x")((tmp_path / TEST).read_bytes()))
    assert "line 4099, column pixel783" in refusal(lambda: kaggle_csv.read_test(tmp_path / TEST))


def test_what_is_written_is_read_back(tmp_path, few_digits):
    images, labels = few_digits
    kaggle_csv.write_files(tmp_path, images, labels, images[:50])
    np.testing.assert_equal(kaggle_csv.read_train(tmp_path / TRAIN), few_digits)
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / TEST), images[:50])
    kaggle_csv.write_submission(tmp_path / SAMPLE, labels)
    np.testing.assert_array_equal(kaggle_csv.read_submission(tmp_path / SAMPLE), labels)
    assert (tmp_path / SAMPLE).read_bytes().startswith(b"ImageId,Label\n1,0\n2,1\n")


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refusal(lambda: kaggle_csv.read_train(tmp_path / TRAIN))
    assert str(tmp_path / TRAIN) in message and "is missing; run `dvc repro`" in message
