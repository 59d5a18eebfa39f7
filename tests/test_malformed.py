"""Malformed data: refused in one line that says what is wrong and where, without a traceback, a wrong image or a word on
disk, or read to the same images. The ways to spoil a file stand in malformed.py."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graph
import malformed
from digits import errors, kaggle_csv
from digits.errors import InputError
from digits.kaggle_csv import read_submission, read_test, read_train
from malformed import SAMPLE, TEST, TRAIN
from stages import fetch

READERS = {TRAIN: read_train, TEST: read_test, SAMPLE: read_submission}


def refusal(main=fetch.main):
    """The line with which fetch refuses what lies in data/incoming; nothing has been written."""
    with pytest.raises(SystemExit) as stopped:
        errors.run(main)
    message = str(stopped.value)
    assert message.startswith("error: ") and len(message) < 400
    assert message.isprintable(), "one line, without control characters"
    assert not graph.Path("data/raw").exists()
    return message


@pytest.mark.parametrize("kind", malformed.CSV)
def test_a_malformed_file_is_refused_in_one_line(incoming, kind):
    name, spoil, words = malformed.CSV[kind]
    (incoming / name).write_bytes(spoil((incoming / name).read_bytes()))
    message = refusal()
    for word in [name, *words]:
        assert word in message, message


@pytest.mark.parametrize(("one", "other"), [(TRAIN, TEST), (TEST, SAMPLE), (TRAIN, SAMPLE)])
def test_files_that_took_each_others_names_are_told_apart(incoming, one, other):
    first, second = (incoming / one).read_bytes(), (incoming / other).read_bytes()
    (incoming / one).write_bytes(second)
    (incoming / other).write_bytes(first)
    message = refusal()
    assert f"data/incoming/{one}, line 1: this is the header of {other}, not " in message and "mixed up" in message


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", malformed.HARMLESS)
def test_harmless_differences_are_read_to_the_same(incoming, name, kind):
    expected = READERS[name](incoming / name)
    (incoming / name).write_bytes(malformed.HARMLESS[kind]((incoming / name).read_bytes()))
    np.testing.assert_equal(READERS[name](incoming / name), expected)


def test_leading_noughts_are_read_to_the_same(incoming):
    expected = read_train(incoming / TRAIN)
    (incoming / TRAIN).write_bytes((incoming / TRAIN).read_bytes().replace(b",0,", b",000,"))
    np.testing.assert_equal(read_train(incoming / TRAIN), expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["a terminal's escape codes", "UTF-16", "NUL bytes alone", "a huge cell"])
def test_the_command_refuses_as_its_parts_do(incoming, kind):
    for folder in ("digits", "stages"):
        shutil.copytree(graph.ROOT / folder, folder)
    name, spoil, words = malformed.CSV[kind]
    (incoming / name).write_bytes(spoil((incoming / name).read_bytes()))
    ran = subprocess.run([sys.executable, "-m", "stages.fetch"], capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith(f"error: data/incoming/{name}") and ran.stderr.count("\n") == 1
    assert all(word in ran.stderr for word in words)
    assert not (incoming / "../raw").exists()


# what is gigantic: the file, and what it consists of after a good beginning
GIGANTIC = {
    "a cell": (TRAIN, 2, b"1"),
    "a line of cells": (TRAIN, 2, b"255,"),
    "a line of commas": (TRAIN, 2, b","),
    "lines": (TRAIN, 2, b"\n"),
    "carriage returns": (TRAIN, 2, b"\r\n"),
    "NUL bytes": (TRAIN, 2, b"\0"),
    "what is no text": (TRAIN, 2, b"\xff"),
    "a header": (TRAIN, 0, b"x"),
    "a header of commas": (TEST, 0, b","),
    "an answer": (SAMPLE, 2, b"1"),
    "an answer of commas": (SAMPLE, 2, b","),
    "answers": (SAMPLE, 2, b"\n"),
    "an answer of NUL bytes": (SAMPLE, 2, b"\0"),
}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, to see the memory of a program")
PEAK = "next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))"  # kB, of this program alone
READ_THEM = f"""
import json, sys
from digits import errors, kaggle_csv
readers = {{"train.csv": kaggle_csv.read_train, "test.csv": kaggle_csv.read_test, "sample_submission.csv": kaggle_csv.read_submission}}
said = {{}}
for kind, path in json.loads(sys.argv[1]).items():
    try:
        readers[path.rpartition("/")[2]](path)
    except errors.InputError as error:
        said[kind] = str(error)
print(json.dumps([said, {PEAK}]))
"""


def read_gigantic(incoming, megabytes):
    """Read each gigantic file in one process: what it said of each, and the most memory that it took, in MB."""
    files = {}
    for i, (kind, (name, lines, filling)) in enumerate(GIGANTIC.items()):
        folder = incoming / str(i)
        folder.mkdir()
        with open(folder / name, "wb") as file:
            file.write(b"".join((incoming / name).read_bytes().splitlines(keepends=True)[:lines]))
            for _ in range(megabytes):
                file.write(filling * (1_000_000 // len(filling)))
        files[kind] = str(folder / name)
    ran = subprocess.run([sys.executable, "-c", READ_THEM, json.dumps(files)], cwd=graph.ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    said, peak = json.loads(ran.stdout)
    return said, peak / 1000


@on_linux
@pytest.mark.slow
def test_what_is_gigantic_is_refused_without_taking_its_size_in_memory(incoming):
    said, peak = read_gigantic(incoming, 40)
    assert set(said) == set(GIGANTIC)
    assert all(len(message) < 400 and "\n" not in message for message in said.values())
    assert peak < 300, "MB"


@on_linux
@pytest.mark.slow
@pytest.mark.faults
def test_the_largest_file_that_is_read_takes_less_than_a_gigabyte(tmp_path):
    row = b",".join([b"0"] * 784) + b"\n"
    with open(tmp_path / TRAIN, "wb") as file:
        file.write((",".join(kaggle_csv.TRAIN_COLUMNS) + "\n").encode())
        count = (kaggle_csv.MOST_BYTES - file.tell()) // (len(row) + 2)
        for i in range(count):
            file.write(b"%d," % (i % 10) + row)
    program = f"import sys; from digits import kaggle_csv; print(len(kaggle_csv.read_train(sys.argv[1])[1]), {PEAK})"
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path / TRAIN)], cwd=graph.ROOT, capture_output=True, text=True, check=True)
    read, peak = map(int, ran.stdout.split())
    assert read == count and peak < 1_000_000, "kB"


def test_a_file_beyond_the_limit_is_refused_unread(incoming):
    with open(incoming / TRAIN, "r+b") as file:
        file.truncate(10 * kaggle_csv.MOST_BYTES)  # a hole: it takes no room
    assert "train.csv has 5,368,709,120 bytes; at most 536,870,912 are read" in refusal()


@pytest.fixture
def download(kaggle_server, tmp_path, monkeypatch):
    """Fetch from a Kaggle that hands out the given archive, in this process."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((graph.ROOT / "params.yaml").read_text().replace("source: digits", "source: kaggle"))
    for name, value in kaggle_server.environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    def fetch_from(archive):
        kaggle_server.archive = archive
        fetch.main()

    return fetch_from


@pytest.mark.parametrize("kind", malformed.ZIP)
def test_a_malformed_archive_is_refused_in_one_line_and_nothing_is_unpacked(download, competition, tmp_path, kind):
    spoil, words = malformed.ZIP[kind]
    archive = spoil(competition)
    tracemalloc.start()
    message = refusal(lambda: download(archive))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for word in ["Kaggle's download is not the competition's: ", "nothing was unpacked", *words]:
        assert word in message, message
    assert not list(tmp_path.rglob("*.csv")) and not list(tmp_path.parent.glob("*.csv")) and not list(tmp_path.rglob("*.archive"))
    assert peak < 50_000_000, "bytes"


def test_an_archive_that_is_a_tar_file_as_well_is_read_as_the_zip_that_was_checked(download, competition, tmp_path):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo("evil.csv")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"0,0"))
    download(tar.getvalue() + malformed.zipped(competition))
    assert not list(tmp_path.rglob("evil.csv"))
    for name, content in competition.items():
        assert (tmp_path / "data/raw" / name).read_bytes() == content


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


TROUBLES = [b",", b"\n", b"\r", b"\r\n", b"\0", b'"', b" ", b"-", b".", b"e", b"\xff", b"\xef\xbb\xbf", b"0", b"256", b"9", b"\xd9\xa3", b"pixel0"]
PLACE = st.floats(0, 1, exclude_max=True)
MUTATION = st.tuples(st.sampled_from(["put", "change", "insert", "delete", "double", "swap lines", "double line", "drop line", "cut"]), PLACE, PLACE, st.sampled_from(TROUBLES) | st.binary(min_size=1, max_size=3))


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
        good = all(0 <= value <= (9 if column == "label" else 255) for row in table for column, value in zip(columns, row, strict=True))
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
