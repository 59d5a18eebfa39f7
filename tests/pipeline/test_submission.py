"""The file that the submission stage writes, for known predictions of two members and for a trained one."""

import shutil
from pathlib import Path

import evaluated
import graph
import numpy as np
import pytest
from project import Project, run_stages, write_competition, write_settings

from digits import arrays
from digits.data import kaggle_csv
from digits.errors import InputError
from digits.settings import Settings
from stages import submission


@pytest.fixture
def predicted(tmp_path, few_digits, monkeypatch):
    """Write what members 0 and 2 predict: the first 3 1 4 1 5, the second is confident of the last alone, a 6."""
    monkeypatch.chdir(tmp_path)
    images, labels = few_digits
    write_settings(tmp_path, Settings(members=[0, 2]))
    arrays.save(arrays.LABELLED, images=images, labels=labels, fold=np.zeros(200, np.int8))
    empty, first = np.empty((0, 10), np.float32), evaluated.make_probabilities(np.array([3, 1, 4, 1, 5]))
    second = np.full((5, 10), 0.1, np.float32)
    second[4] = np.eye(10)[6]
    for member, unlabelled in (0, first), (2, second), (7, second):  # 7 is no longer listed
        arrays.save(arrays.predictions_path(member), fold=empty, held_out=empty, unlabelled=unlabelled)


def test_it_has_kaggles_format_and_the_digits_of_the_averaged_probabilities(predicted, capsys):
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(5, np.uint8))
    submission.main()
    assert Path("reports/submission.csv").read_text() == "ImageId,Label\n1,3\n2,1\n3,4\n4,1\n5,6\n"
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("submission") and printed[-1].split()[2] == "40.0%"
    assert sorted(path.name for path in Path("data/predictions").iterdir()) == ["member-0.npz", "member-2.npz"]


def test_a_sample_submission_of_another_length_is_refused_and_nothing_is_written(predicted):
    kaggle_csv.write_submission("data/raw/sample_submission.csv", np.zeros(6, np.uint8))
    with pytest.raises(InputError, match=r"5 predictions.*sample_submission\.csv has 6 ids"):
        submission.main()
    assert not Path("reports/submission.csv").exists()


@pytest.mark.slow
def test_a_permuted_test_csv_gives_the_permuted_submission(incoming, few_digits, backend):
    images, labels = few_digits
    shutil.copy(graph.ROOT / "dvc.yaml", "dvc.yaml")
    Project(Path()).set(epochs=8, batch_size=8, **{"network.width": 2, "split.folds": 3})
    run_stages("fetch", "prepare", "train 0", "predict 0", "submission")
    straight = kaggle_csv.read_submission("reports/submission.csv")
    assert len(set(straight)) > 1
    order = np.random.default_rng(0).permutation(50)
    write_competition(incoming, images[:150], labels[:150], images[150:][order])
    run_stages("fetch", "prepare", "predict 0", "submission")
    np.testing.assert_array_equal(kaggle_csv.read_submission("reports/submission.csv"), straight[order])
