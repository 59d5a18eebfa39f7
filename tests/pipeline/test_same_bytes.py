"""`dvc repro` gives the same bytes after kills in every stage, and in the environments of other machines.

`make test-faults` runs this file; test_pipeline.py has a short version. `pytest -m faults -k seed03` repeats a failure.
"""

import elsewhere
import kills
import pytest
from disks import small_disk
from project import TINY

from digits.data import kaggle_csv, sources

pytestmark = [pytest.mark.slow, pytest.mark.faults]


class Undisturbed:
    """The results of an undisturbed run, and the seconds of its stages."""

    def __init__(self, project, folder):
        self.project = project
        victim = kills.Victim(project, folder)
        self.seconds = victim.repro_timed()
        self.files = victim.files()


@pytest.fixture(scope="module")
def undisturbed(make_project, tmp_path_factory):
    project = make_project(**TINY | {"epochs": 3, "members": [0, 1]})
    return Undisturbed(project, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("seed", range(1, 11), ids="seed{:02}".format)
def test_after_a_kill_in_every_stage_the_next_run_gives_the_same_bytes(undisturbed, tmp_path, seed):
    victim = kills.Victim(undisturbed.project, tmp_path)
    assert len(kills.kill_in_every_stage(victim, undisturbed.seconds, seed)) == len(undisturbed.seconds) == 9
    victim.repro_to_end()
    kills.assert_same(victim.files(), undisturbed.files)


def test_a_locale_without_umlauts_does_not_change_a_byte(undisturbed, tmp_path):
    same_bytes(undisturbed, kills.Victim(undisturbed.project, tmp_path, **elsewhere.NO_UMLAUTS))


def test_a_path_with_spaces_and_umlauts_does_not_change_a_byte(undisturbed, tmp_path):
    same_bytes(undisturbed, kills.Victim(undisturbed.project, tmp_path, elsewhere.PATH))


def test_a_read_only_home_folder_with_the_users_settings_does_not_change_a_byte(undisturbed, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with small_disk(home, 1) as disk:
        elsewhere.furnish(home)
        with disk.read_only():
            same_bytes(undisturbed, kills.Victim(undisturbed.project, tmp_path, HOME=str(home)))


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


def same_bytes(undisturbed, victim):
    victim.repro_to_end()
    kills.assert_same(victim.files(), undisturbed.files)
