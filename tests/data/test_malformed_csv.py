"""Malformed files: refused in one line that says what is wrong and where, without a traceback, a wrong image or a word on
disk, or read to the same images. The ways to spoil a file stand in malformed_csv.py."""

import shutil
import subprocess
import sys

import graph
import malformed_csv
import numpy as np
import pytest
from malformed_csv import READERS, SAMPLE, TEST, TRAIN
from refusal import refusal


@pytest.mark.parametrize("kind", malformed_csv.SPOILT)
def test_a_malformed_file_is_refused_in_one_line(incoming, kind):
    name, spoil, words = malformed_csv.SPOILT[kind]
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
@pytest.mark.parametrize("kind", malformed_csv.HARMLESS)
def test_harmless_differences_are_read_to_the_same(incoming, name, kind):
    expected = READERS[name](incoming / name)
    (incoming / name).write_bytes(malformed_csv.HARMLESS[kind]((incoming / name).read_bytes()))
    np.testing.assert_equal(READERS[name](incoming / name), expected)


def test_leading_noughts_are_read_to_the_same(incoming):
    expected = READERS[TRAIN](incoming / TRAIN)
    (incoming / TRAIN).write_bytes((incoming / TRAIN).read_bytes().replace(b",0,", b",000,"))
    np.testing.assert_equal(READERS[TRAIN](incoming / TRAIN), expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["a terminal's escape codes", "UTF-16", "NUL bytes alone", "a huge cell"])
def test_the_command_refuses_as_its_parts_do(incoming, kind):
    for folder in ("digits", "stages"):
        shutil.copytree(graph.ROOT / folder, folder)
    name, spoil, words = malformed_csv.SPOILT[kind]
    (incoming / name).write_bytes(spoil((incoming / name).read_bytes()))
    ran = subprocess.run([sys.executable, "-m", "stages.fetch"], capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith(f"error: data/incoming/{name}") and ran.stderr.count("\n") == 1
    assert all(word in ran.stderr for word in words)
    assert not (incoming / "../raw").exists()
