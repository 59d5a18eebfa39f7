"""Invalid CSV files: one line with the place and the value, nothing written; harmless differences: the same images."""

import shutil
import subprocess
import sys

import graph
import numpy as np
import pytest
from malformed_csv import HARMLESS, MALFORMED, READERS, SAMPLE, TEST, TRAIN
from refusal import refusal

from digits.errors import InputError


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_is_refused_in_one_line(incoming, kind):
    name, change, facts = MALFORMED[kind]
    (incoming / name).write_bytes(change((incoming / name).read_bytes()))
    message = refusal()
    for fact in [name, *facts]:
        assert fact in message, message


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


@pytest.mark.parametrize("rows", [4095, 4096, 9000])
def test_an_invalid_cell_is_located_in_a_file_of_several_chunks(tmp_path, rows):
    lines = [b"ImageId,Label", *(b"%d,3" % i for i in range(1, rows + 1))]
    for number in (2, rows, rows + 1):
        changed = [*lines[: number - 1], b"x,3", *lines[number:]]
        (tmp_path / SAMPLE).write_bytes(b"\n".join(changed))
        with pytest.raises(InputError, match=f"line {number}, column ImageId: 'x'; expected {number - 1}"):
            READERS[SAMPLE](tmp_path / SAMPLE)


@pytest.mark.slow
def test_the_command_exits_with_1_and_one_line_and_leaves_earlier_files_alone(incoming):
    command = [sys.executable, "-m", "stages.fetch"]
    for folder in ("digits", "stages"):
        shutil.copytree(graph.ROOT / folder, folder)
    subprocess.run(command, check=True)
    raw = incoming / "../raw"
    before = {path.name: path.read_bytes() for path in raw.iterdir()}
    assert before == {name: (incoming / name).read_bytes() for name in READERS}
    name, change, facts = MALFORMED["terminal escape codes"]
    (incoming / name).write_bytes(change(before[name]))
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stdout == "" and ran.stderr.count("\n") == 1
    assert ran.stderr.startswith(f"error: data/incoming/{name}") and all(fact in ran.stderr for fact in facts)
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == before
