"""The memory that reading takes: little for a malformed file of any size, linear in the rows for a valid one."""

import json
import subprocess
import sys

import graph
import pytest
from malformed_csv import SAMPLE, TEST, TRAIN

from digits.data import kaggle_csv

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory of a process from /proc"),
]

# kind: (file, number of valid lines at its start, what is repeated after them)
MALFORMED = {
    "a cell": (TRAIN, 2, b"1"),
    "a row of cells": (TRAIN, 2, b"255,"),
    "a row of commas": (TRAIN, 2, b","),
    "empty lines": (TRAIN, 2, b"\n"),
    "Windows line ends": (TRAIN, 2, b"\r\n"),
    "NUL bytes": (TRAIN, 2, b"\0"),
    "bytes that are not UTF-8": (TRAIN, 2, b"\xff"),
    "a header": (TRAIN, 0, b"x"),
    "a header of commas": (TEST, 0, b","),
    "a label": (SAMPLE, 2, b"1"),
    "a line of commas": (SAMPLE, 2, b","),
    "lines without cells": (SAMPLE, 2, b"\n"),
}
# prints the peak memory of this process in kB, which ru_maxrss is not: it includes the parent's before exec
PEAK = "next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))"
READ_MALFORMED = f"""
import json, sys
from malformed_csv import READERS
from digits.errors import InputError
messages = {{}}
for kind, path in json.loads(sys.argv[1]).items():
    try:
        READERS[path.rpartition("/")[2]](path)
    except InputError as error:
        messages[kind] = str(error)
print(json.dumps([messages, {PEAK}]))
"""
READ_VALID = f"""
import sys
from digits.data import kaggle_csv
images, labels = kaggle_csv.read_train(sys.argv[1])
print(len(images), images[-1].max(), {PEAK})
"""


def run(program, argument):
    """Run a Python program in a process of its own and return its output."""
    command = [sys.executable, "-c", f"import sys; sys.path.append('tests')\n{program}", argument]
    return subprocess.run(command, cwd=graph.ROOT, capture_output=True, text=True, check=True).stdout


def test_a_malformed_file_of_40_mb_is_refused_in_little_memory(incoming):
    paths = {}
    for i, (kind, (name, lines, repeated)) in enumerate(MALFORMED.items()):
        folder = incoming / str(i)
        folder.mkdir()
        start = b"".join((incoming / name).read_bytes().splitlines(keepends=True)[:lines])
        (folder / name).write_bytes(start + repeated * (40_000_000 // len(repeated)))
        paths[kind] = str(folder / name)
    messages, peak = json.loads(run(READ_MALFORMED, json.dumps(paths)))
    assert set(messages) == set(MALFORMED)
    assert all(len(message) < 400 and "\n" not in message for message in messages.values())
    assert peak < 300_000


def peak_of_reading(path, rows):
    """Write a valid train.csv with this number of rows, read it, and return the peak memory in bytes."""
    with open(path, "wb") as file:
        file.write((",".join(kaggle_csv.TRAIN_COLUMNS) + "\n").encode())
        pixels = b",".join([b"0"] * 783 + [b"255"]) + b"\n"
        file.writelines(b"%d,%s" % (i % 10, pixels) for i in range(rows))
    read, highest, peak = map(int, run(READ_VALID, str(path)).split())
    assert (read, highest) == (rows, 255)
    return peak * 1000


def test_the_memory_grows_by_less_than_four_times_the_size_of_the_images(tmp_path):
    small, large = (peak_of_reading(tmp_path / TRAIN, rows) for rows in (10_000, 50_000))
    assert large - small < 4 * 40_000 * 784


@pytest.mark.faults
def test_ten_times_the_rows_of_the_competition_take_less_than_four_times_the_size_of_the_images(tmp_path):
    assert peak_of_reading(tmp_path / TRAIN, 420_000) < 4 * 420_000 * 784
