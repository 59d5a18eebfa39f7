"""What reruns when something changes, and that it ends in the same bytes, on the sample."""

import shutil

import elsewhere
import graph
import numpy as np
import pytest
import yaml
from dvc.repo import Repo
from project import Project, stages_run, write_competition

from digits.data import kaggle_csv

ALL = {"fetch", "prepare", "train@0", "predict", "evaluate", "submission"}
CODE = sorted(str(path.relative_to(graph.ROOT)) for path in graph.tracked_files("digits/*", "stages/*.py"))

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tiny_project, monkeypatch):
    """The tiny project as its commit has it, and the current folder."""
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    tiny_project.git("clean", "-qfd")
    tiny_project.git("clean", "-qfX", "data/incoming")
    tiny_project.run("dvc", "checkout", "-q", "--force")
    monkeypatch.chdir(tiny_project.folder)
    return tiny_project


def changed_stages():
    """Ask DVC in this process for the stages that it would rerun: started as a command it takes seconds."""
    with Repo() as repo:
        return set(repo.status())


def test_without_a_change_nothing_runs(project):
    assert project.repro() == []


def test_a_new_member_is_trained_alone_and_leaves_no_trace_once_it_is_dropped(project, tmp_path):
    project = Project(shutil.copytree(project.folder, tmp_path / "project", symlinks=True))  # commits are made in it
    settings, alone = (project / "params.yaml").read_bytes(), project.locked()
    project.set(members=[0, 1])
    assert set(project.repro()) == {"train@1", "predict", "evaluate", "submission"}
    assert project.locked()["predict"]["outs"] != alone["predict"]["outs"]
    (project / "params.yaml").write_bytes(settings)
    assert set(project.repro()) == {"predict", "evaluate"}
    assert [path.name for path in (project / "models").iterdir()] == ["member-0.keras"]
    assert sorted(path.name for path in (project / "reports/training").iterdir()) == ["member-0", "member-0.json"]
    assert {name: entry for name, entry in project.locked().items() if name in alone} == alone

    project.run("dvc", "remote", "add", "--default", "--quiet", "storage", str(tmp_path / "storage"))
    project.git("commit", "-qam", "There and back")
    project.run("dvc", "push", "--quiet")
    clone = Project(tmp_path / "clone")
    project.git("clone", "-q", ".", str(clone.folder))
    for pull in ("--dry", "--pull"):
        assert clone.repro(pull, "--allow-missing") == [], "nothing has to run, and nothing to be fetched"
    assert not (clone / "models").exists()
    clone.run("dvc", "pull", "--quiet", "--allow-missing")
    assert set(clone.repro()) == {"fetch", "prepare", "evaluate"}, "images are never pushed"


@pytest.mark.parametrize(
    ("package", "users"),
    [
        ("numpy", ALL),
        ("keras", {"train@0", "predict"}),
        ("matplotlib", {"prepare", "evaluate"}),
        ("mlxtend", {"fetch"}),
    ],
)
def test_an_upgraded_package_reruns_the_stages_that_compute_with_it(project, package, users):
    recorded = yaml.safe_load((project / "versions.yaml").read_text())
    (project / "versions.yaml").write_text(yaml.safe_dump(recorded | {package: "99.1"}))
    assert changed_stages() == users


@pytest.mark.parametrize(
    ("setting", "readers"),  # the report shows every setting
    [
        ("seed", {"prepare", "train@0", "evaluate"}),
        ("split.folds", {"prepare", "evaluate"}),
        ("lr", {"train@0", "evaluate"}),
    ],
)
def test_a_changed_setting_reruns_the_stages_that_read_it_and_no_others(project, setting, readers):
    project.set(**{setting: 1 if setting == "lr" else 5})
    assert changed_stages() == readers


def test_edited_code_reruns_the_stages_that_it_is_part_of_and_no_others(project):
    with Repo() as repo, repo.lock:
        for edited in CODE:
            before = (project / edited).read_text()
            (project / edited).write_text(before + "# a line that changes nothing\n")
            changed = {stage.addressing for stage in repo.index.stages if stage.status()}
            (project / edited).write_text(before)
            assert changed == _made_of(edited), edited


def _made_of(file):
    """Name the stages, as in dvc.lock, that consist of a file among others."""
    names = {path.stem for path in graph.stage_files() if graph.ROOT / file in graph.source_files(path)}
    return {"train@0" if name == "train" else name for name in names}


def test_the_readme_in_data_incoming_is_no_dependency(project):
    (project / "data/incoming/README.md").write_text("another text")
    assert changed_stages() == set()


def test_another_source_reruns_everything_and_a_permuted_test_csv_gives_the_permuted_submission(project, few_digits):
    images, labels = few_digits
    write_competition(project / "data/incoming", images[:150], labels[:150], images[150:])
    project.set(source="incoming", epochs=30, batch_size=16, **{"split.folds": 3})
    assert set(project.repro()) == ALL
    straight = kaggle_csv.read_submission(project / "reports/submission.csv")
    assert len(set(straight)) > 1
    order = np.random.default_rng(0).permutation(50)
    kaggle_csv.write_test(project / "data/incoming/test.csv", images[150:][order])
    assert set(project.repro()) == ALL - {"train@0"}, "only test.csv has changed"
    np.testing.assert_array_equal(kaggle_csv.read_submission(project / "reports/submission.csv"), straight[order])


def test_a_forced_run_on_another_machine_leaves_the_same_bytes(project, tmp_path):
    before = (project / "dvc.lock").read_bytes()
    home = elsewhere.furnish(tmp_path / "home")
    machine = {"before_start": elsewhere.one_core, "HOME": str(home), **elsewhere.ALL}
    assert set(stages_run(project.run("dvc", "repro", "--force", **machine).stdout)) == ALL
    assert (project / "dvc.lock").read_bytes() == before


def test_a_damaged_dvc_lock_is_restored_from_git_and_the_results_from_the_cache(project):
    lock, model = project / "dvc.lock", project / "models/member-0.keras"
    content, weights = lock.read_bytes(), model.read_bytes()
    lock.write_bytes(content[: len(content) // 2] + b"\n{")  # as a kill or a full disk may leave it
    model.unlink()
    failed = project.run("dvc", "repro", check=False)
    assert failed.returncode != 0 and "dvc.lock" in failed.stdout and "Traceback" not in failed.stdout
    project.git("checkout", "dvc.lock")
    assert project.repro() == []
    assert (lock.read_bytes(), model.read_bytes()) == (content, weights)


def test_two_runs_at_once_end_as_one_would(project):
    project.set(lr=0.002)
    runs = [project.start("dvc", "repro") for _ in range(2)]
    printed = [run.communicate()[0] for run in runs]
    assert 0 in [run.returncode for run in runs], printed
    assert all("Traceback" not in text for text in printed)
    assert project.repro() == [] and changed_stages() == set()
    assert not list((project / ".work").glob("member-*"))


def test_a_stage_runs_with_a_closed_standard_output_and_in_a_locale_without_umlauts(project):
    before = (project / "reports/submission.csv").read_bytes()
    (project / "reports/submission.csv").unlink()
    project.run("sh", "-c", "sh stages/run.sh submission >&-", **elsewhere.NO_UMLAUTS)
    assert (project / "reports/submission.csv").read_bytes() == before
