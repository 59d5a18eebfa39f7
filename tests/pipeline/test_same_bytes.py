"""`dvc repro` gives the same bytes after kills in every stage, and in another folder.

`make test-faults` runs this file; `pytest -m faults -k seed03` repeats a failure.
"""

from types import SimpleNamespace

import kills
import pytest
from project import TINY

from digits.data import kaggle_csv, sources

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture(scope="module")
def undisturbed(make_project, tmp_path_factory):
    """A project, and of its undisturbed run the seconds of each stage and the files."""
    project = make_project(**TINY | {"epochs": 3, "members": [0, 1]})
    victim = kills.Victim(project, tmp_path_factory.mktemp("undisturbed"))
    return SimpleNamespace(project=project, seconds=victim.repro_timed(), files=victim.files())


@pytest.mark.parametrize("seed", range(1, 11), ids="seed{:02}".format)
def test_after_a_kill_in_every_stage_the_next_run_gives_the_same_bytes(undisturbed, tmp_path, seed):
    victim = kills.Victim(undisturbed.project, tmp_path)
    assert len(kills.kill_in_every_stage(victim, undisturbed.seconds, seed)) == len(undisturbed.seconds) == 9
    victim.repro_to_end()
    kills.assert_same(victim.files(), undisturbed.files)


def test_a_path_with_spaces_and_umlauts_does_not_change_a_byte(undisturbed, tmp_path):
    victim = kills.Victim(undisturbed.project, tmp_path, name="Größe 7, señor")
    victim.repro_to_end()
    kills.assert_same(victim.files(), undisturbed.files)


def test_the_arithmetic_of_a_processor_without_avx_512_changes_hardly_a_prediction(make_project):
    project = make_project(**{"epochs": 8, "network.width": 16, "batch_size": 64})
    *_, truth = sources.load_sample()
    answers = []
    for arithmetic in {}, {"ONEDNN_MAX_CPU_ISA": "AVX2", "NPY_DISABLE_CPU_FEATURES": "AVX512F"}:
        project.run("dvc", "repro", "--force", **arithmetic)
        answers.append(kaggle_csv.read_submission(project / "reports/submission.csv"))
    usual, other = answers
    print(f"{(usual != other).sum()} of {len(usual)} predictions differ")
    assert abs((usual == truth).mean() - (other == truth).mean()) <= 0.01
    assert (usual != other).mean() <= 0.02
