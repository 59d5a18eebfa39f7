"""Kaggle's CSV format: what is written is read back, and what is wrong is refused in one line, with nothing written."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import graph
from digits import errors, kaggle_csv
from stages import fetch


def test_what_is_written_is_read_back(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (50, 28, 28), dtype=np.uint8), np.arange(50, dtype=np.uint8) % 10
    kaggle_csv.write_train(tmp_path / "train.csv", images, labels)
    kaggle_csv.write_test(tmp_path / "test.csv", images)
    kaggle_csv.write_submission(tmp_path / "answer.csv", labels)
    read_images, read_labels = kaggle_csv.read_train(tmp_path / "train.csv")
    np.testing.assert_array_equal(read_images, images)
    np.testing.assert_array_equal(read_labels, labels)
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / "test.csv"), images)
    np.testing.assert_array_equal(kaggle_csv.read_submission(tmp_path / "answer.csv"), labels)


@pytest.mark.parametrize("rows", [1, 2, 1337])
def test_it_reads_what_pandas_reads_whatever_the_size(tmp_path, rows):
    pixels = np.random.default_rng(rows).integers(0, 256, (rows, 784))
    pd.DataFrame(pixels, columns=kaggle_csv.PIXELS).to_csv(tmp_path / "test.csv", index=False)
    expected = pd.read_csv(tmp_path / "test.csv", dtype="uint8").to_numpy().reshape(-1, 28, 28)
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / "test.csv"), expected)


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.removesuffix(b"\n"),
        lambda data: data.replace(b",0,", b",000,"),
    ],
    ids=["windows line ends", "byte-order mark", "no newline at the end", "leading zeros"],
)
def test_harmless_differences_are_read_to_the_same_images(incoming, rewrite):
    expected = kaggle_csv.read_train(incoming / "train.csv")
    (incoming / "train.csv").write_bytes(rewrite((incoming / "train.csv").read_bytes()))
    for got, wanted in zip(kaggle_csv.read_train(incoming / "train.csv"), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def cell(line, column, value):
    """Put `value` into a cell of train.csv; lines count from 1, the header's."""

    def change(data):
        lines = data.split(b"\n")
        cells = lines[line - 1].split(b",")
        cells[kaggle_csv.TRAIN_COLUMNS.index(column)] = value
        lines[line - 1] = b",".join(cells)
        return b"\n".join(lines)

    return change


def line(number, change):
    """Change one line of a file."""

    def apply(data):
        lines = data.split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\n".join(lines)

    return apply


def without_lines(first, last):
    return lambda data: b"\n".join(data.split(b"\n")[: first - 1] + data.split(b"\n")[last:])


def without_label(label):
    return lambda data: b"\n".join(row for row in data.split(b"\n") if not row.startswith(label + b","))


TRAIN, TEST, SAMPLE = kaggle_csv.FILES
BAD = {
    "256": (TRAIN, cell(5, "pixel12", b"256"), ["line 5", "pixel12", "'256'", "0 to 255"]),
    "65536": (TRAIN, cell(5, "pixel12", b"65536"), ["line 5", "pixel12", "'65536'"]),
    "negative": (TRAIN, cell(2, "pixel0", b"-1"), ["line 2", "pixel0", "'-1'"]),
    "float": (TRAIN, cell(151, "pixel783", b"1.0"), ["line 151", "pixel783", "'1.0'"]),
    "exponent": (TRAIN, cell(9, "pixel1", b"1e2"), ["line 9", "pixel1", "'1e2'"]),
    "empty cell": (TRAIN, cell(3, "pixel7", b""), ["line 3", "pixel7", "empty"]),
    "missing word": (TRAIN, cell(3, "pixel7", b"NA"), ["line 3", "pixel7", "'NA'"]),
    "truth value": (TRAIN, cell(3, "pixel7", b"True"), ["line 3", "pixel7", "'True'"]),
    "quoted": (TRAIN, cell(3, "pixel7", b'"12"'), ["line 3", "pixel7", "12"]),
    "space": (TRAIN, cell(3, "pixel7", b" 12"), ["line 3", "pixel7", "' 12'"]),
    "plus": (TRAIN, cell(3, "pixel7", b"+12"), ["line 3", "pixel7", "'+12'"]),
    "NUL byte": (TRAIN, cell(3, "pixel7", b"1\x002"), ["line 3", "pixel7", r"'1\x002'"]),
    "other digits": (TRAIN, cell(3, "pixel7", "٣".encode()), ["line 3", "pixel7", "'٣'"]),
    "not UTF-8": (TRAIN, cell(3, "pixel7", b"\xff"), ["line 3", "not text"]),
    "huge cell": (TRAIN, cell(3, "pixel7", b"1" * 9_000_000), ["line 3", "pixel7", "'1111", "…"]),
    "label 10": (TRAIN, cell(8, "label", b"10"), ["line 8", "column label", "'10'", "0 to 9"]),
    "label -1": (TRAIN, cell(8, "label", b"-1"), ["line 8", "column label", "'-1'"]),
    "label as word": (TRAIN, cell(8, "label", b"seven"), ["line 8", "column label", "'seven'"]),
    "a label without images": (TRAIN, without_label(b"4"), ["label 4"]),
    "a row too short": (TRAIN, line(4, lambda row: row.rpartition(b",")[0]), ["line 4", "784 of 785", "pixel782"]),
    "a row too long": (TRAIN, line(4, lambda row: row + b",77"), ["line 4", "786 cells", "'77'"]),
    "two rows in one": (TRAIN, line(4, lambda row: row + b"," + row), ["line 4", "1570 cells"]),
    "cut off": (TRAIN, lambda data: data[:-100], ["line 151", "cut off"]),
    "an empty line": (TRAIN, line(6, lambda row: b""), ["line 6", "1 of 785"]),
    "semicolons": (TRAIN, lambda data: data.replace(b",", b";"), ["line 1", "column 1", "label"]),
    "old Mac line ends": (TRAIN, lambda data: data.replace(b"\n", b"\r"), ["line 1", "pixel783"]),
    "UTF-16": (TRAIN, lambda data: data.decode().encode("utf-16"), ["line 1", "not text"]),
    "27 x 27": (TRAIN, lambda data: b"\n".join(b",".join(row.split(b",")[:730]) for row in data.split(b"\n")), ["line 1", "730 columns"]),
    "no header": (TRAIN, without_lines(1, 1), ["line 1", "column 1", "label belongs"]),
    "header misspelt": (TRAIN, line(1, lambda row: row.replace(b"pixel9,", b"pixle9,")), ["line 1", "column 11", "'pixle9'"]),
    "columns reordered": (TRAIN, line(1, lambda row: row.replace(b"pixel3,pixel4", b"pixel4,pixel3")), ["line 1", "column 5", "pixel3 belongs"]),
    "a column twice": (TRAIN, line(1, lambda row: row.replace(b"pixel4,", b"pixel3,")), ["line 1", "column 6", "'pixel3'"]),
    "header only": (TRAIN, without_lines(2, 999), ["no row"]),
    "empty": (TRAIN, lambda data: b"", ["header is missing"]),
    "a zip": (TRAIN, lambda data: b"PK\x03\x04\xff\xfe" + data, ["line 1", "not text"]),
    "test.csv with labels": (TEST, lambda data: b"\n".join(b"5," + row for row in data.split(b"\n")), ["line 1", "column 1"]),
    "test.csv empty": (TEST, lambda data: b"", ["header is missing"]),
    "test.csv shorter than the sample": (TEST, without_lines(51, 51), ["49 images", "50 ids"]),
    "id 0": (SAMPLE, line(2, lambda row: b"0,0"), ["line 2", "ImageId", "'0'", "1 belongs"]),
    "id twice": (SAMPLE, line(7, lambda row: b"5,0"), ["line 7", "ImageId", "'5'"]),
    "id missing": (SAMPLE, without_lines(7, 7), ["line 7", "ImageId", "'7'"]),
    "sample label": (SAMPLE, line(7, lambda row: b"6,x"), ["line 7", "Label", "'x'"]),
    "sample header": (SAMPLE, line(1, lambda row: b"Id,Label"), ["line 1", "column 1", "'Id'"]),
    "sample row": (SAMPLE, line(7, lambda row: b"6"), ["line 7", "1 of 2"]),
    "sample empty": (SAMPLE, lambda data: b"", ["header is missing"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_line_and_nothing_is_written(incoming, kind):
    name, spoil, words = BAD[kind]
    (incoming / name).write_bytes(spoil((incoming / name).read_bytes()))
    with pytest.raises(SystemExit) as stopped:
        errors.run(fetch.main)
    message = str(stopped.value)
    assert "\n" not in message and len(message) < 400
    assert name in message
    for word in words:
        assert word in message, message
    assert not list((incoming / "..").glob("raw/*"))


@pytest.mark.parametrize("name", kaggle_csv.FILES)
def test_a_missing_file_is_named_with_the_place_where_it_goes(incoming, name):
    (incoming / name).unlink()
    with pytest.raises(SystemExit, match=f"needs {name} in data/incoming"):
        errors.run(fetch.main)


def test_the_command_exits_with_1_and_one_line_and_leaves_earlier_files_alone(incoming):
    command = [sys.executable, "-m", "stages.fetch"]
    for folder in ("digits", "stages"):
        shutil.copytree(graph.ROOT / folder, folder)
    subprocess.run(command, check=True)
    before = (incoming / "../raw/train.csv").read_bytes()
    (incoming / "train.csv").write_bytes(cell(5, "pixel12", b"256")(before))
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith("error: data/incoming/train.csv, line 5, column pixel12: '256'") and ran.stderr.count("\n") == 1
    assert (incoming / "../raw/train.csv").read_bytes() == before
    assert sorted(path.name for path in (incoming / "../raw").iterdir()) == sorted(kaggle_csv.FILES)


def test_fetch_takes_the_files_over_byte_for_byte(incoming, capsys):
    fetch.main()
    for name in kaggle_csv.FILES:
        assert (incoming / "../raw" / name).read_bytes() == (incoming / name).read_bytes()
    assert "150 labelled and 50 unlabelled" in capsys.readouterr().out
