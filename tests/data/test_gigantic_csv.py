"""Gigantic files do not take their size in memory."""

import json
import subprocess
import sys

import graph
import pytest
from malformed_csv import SAMPLE, TEST, TRAIN
from refusal import refusal

from digits.data import kaggle_csv

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
    ran = subprocess.run(
        [sys.executable, "-c", READ_THEM, json.dumps(files)],
        cwd=graph.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
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
        count = (kaggle_csv.MAX_BYTES - file.tell()) // (len(row) + 2)
        for i in range(count):
            file.write(b"%d," % (i % 10) + row)
    program = f"import sys; from digits import kaggle_csv; print(len(kaggle_csv.read_train(sys.argv[1])[1]), {PEAK})"
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / TRAIN)],
        cwd=graph.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    read, peak = map(int, ran.stdout.split())
    assert read == count and peak < 1_000_000, "kB"


def test_a_file_beyond_the_limit_is_refused_unread(incoming):
    with open(incoming / TRAIN, "r+b") as file:
        file.truncate(10 * kaggle_csv.MAX_BYTES)  # a hole: it takes no room
    assert "train.csv has 5,368,709,120 bytes; at most 536,870,912 are read" in refusal()
