"""Kaggle's CSV format: writing and reading. Invalid files are in test_malformed_csv.py."""

import numpy as np
import pandas as pd
import pytest

from digits import errors
from digits.data import kaggle_csv
from stages import fetch


def test_what_is_written_is_read_back(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (50, 28, 28), dtype=np.uint8), np.arange(50, dtype=np.uint8) % 10
    kaggle_csv.write_train(tmp_path / "train.csv", images, labels)
    kaggle_csv.write_test(tmp_path / "test.csv", images)
    kaggle_csv.write_submission(tmp_path / "submission.csv", labels)
    np.testing.assert_equal(kaggle_csv.read_train(tmp_path / "train.csv"), (images, labels))
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / "test.csv"), images)
    np.testing.assert_array_equal(kaggle_csv.read_submission(tmp_path / "submission.csv"), labels)
    assert (tmp_path / "submission.csv").read_bytes().startswith(b"ImageId,Label\n1,0\n2,1\n")


@pytest.mark.parametrize("rows", [1, 4096, 4097])
def test_images_are_the_same_as_with_a_plain_read_by_pandas(tmp_path, rows):
    pixels = np.random.default_rng(rows).integers(0, 256, (rows, 784))
    pd.DataFrame(pixels, columns=kaggle_csv.PIXELS).to_csv(tmp_path / "test.csv", index=False)
    expected = pd.read_csv(tmp_path / "test.csv", dtype="uint8").to_numpy().reshape(-1, 28, 28)
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / "test.csv"), expected)


@pytest.mark.parametrize("name", kaggle_csv.FILES)
def test_a_missing_file_is_named_with_the_folder_where_it_is_expected(incoming, name):
    (incoming / name).unlink()
    with pytest.raises(SystemExit, match=f"needs {name} in data/incoming"):
        errors.run(fetch.main)


def test_fetch_copies_the_files_byte_for_byte(incoming, capsys):
    fetch.main()
    for name in kaggle_csv.FILES:
        assert (incoming / "../raw" / name).read_bytes() == (incoming / name).read_bytes()
    assert "150 labelled and 50 unlabelled" in capsys.readouterr().out
