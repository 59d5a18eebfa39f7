"""Kaggle's CSV format: what is written is read back, and goes through fetch byte for byte. For what is wrong: test_malformed_csv."""

import shutil
import subprocess
import sys

import graph
import numpy as np
import pandas as pd
import pytest
from malformed_csv import cell

from digits import errors
from digits.data import kaggle_csv
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
    assert (
        ran.stderr.startswith("error: data/incoming/train.csv, line 5, column pixel12: '256'")
        and ran.stderr.count("\n") == 1
    )
    assert (incoming / "../raw/train.csv").read_bytes() == before
    assert sorted(path.name for path in (incoming / "../raw").iterdir()) == sorted(kaggle_csv.FILES)


def test_fetch_takes_the_files_over_byte_for_byte(incoming, capsys):
    fetch.main()
    for name in kaggle_csv.FILES:
        assert (incoming / "../raw" / name).read_bytes() == (incoming / name).read_bytes()
    assert "150 labelled and 50 unlabelled" in capsys.readouterr().out
