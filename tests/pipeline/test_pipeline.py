"""What reruns when something changes, and that it ends in the same bytes, on the sample."""

import shutil

import elsewhere
import graph
import kills
import numpy as np
import pytest
import yaml
from dvc.repo import Repo
from project import Project, write_competition

from digits.data import kaggle_csv

ALL = {"fetch", "prepare", "train@0", "predict", "evaluate", "submission"}

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tiny_project):
    """The tiny project as its commit has it."""
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    tiny_project.git("clean", "-qfd")
    tiny_project.git("clean", "-qfX", "data/incoming")
    tiny_project.run("dvc", "checkout", "-q", "--force")
    return tiny_project


def test_without_a_change_nothing_runs(project):
    assert project.repro() == []


def test_a_member_is_trained_beside_the_first_and_once_dropped_leaves_no_trace_here_or_in_a_clone(project, tmp_path):
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
    clone.run("dvc", "pull", "--quiet")
    assert "up to date" in clone.run("dvc", "status").stdout


@pytest.mark.parametrize(
    ("package", "users"),
    [
        ("numpy", ALL),
        ("keras", {"train@0", "predict"}),
        ("tensorflow", {"train@0", "predict"}),
        ("matplotlib", {"prepare", "evaluate"}),
        ("mlxtend", {"fetch"}),
    ],
)
def test_an_upgraded_package_makes_dvc_rerun_the_stages_that_compute_with_it(project, monkeypatch, package, users):
    monkeypatch.chdir(project.folder)
    recorded = yaml.safe_load((project / "versions.yaml").read_text())
    (project / "versions.yaml").write_text(yaml.safe_dump(recorded | {package: "99.1"}))
    with Repo() as repo:
        assert set(repo.status()) == users


@pytest.mark.parametrize(
    ("setting", "readers"),
    [
        ("seed", {"prepare", "train@0", "evaluate"}),
        ("split.folds", {"prepare", "evaluate"}),
    ],  # the report shows every setting
)
def test_dvc_holds_the_stages_that_read_a_setting_for_changed_and_no_others(project, monkeypatch, setting, readers):
    """Two settings of many: test_graph.py holds each against the stages that read it, test_experiments.py runs another `lr`."""
    monkeypatch.chdir(project.folder)
    project.set(**{setting: 5})
    with Repo() as repo:
        assert set(repo.status()) == readers


def test_another_source_reruns_everything_and_a_permuted_test_csv_gives_the_permuted_submission(project, few_digits):
    images, labels = few_digits
    write_competition(project / "data/incoming", images[:150], labels[:150], images[150:])
    project.set(source="incoming", epochs=30, batch_size=16, **{"split.folds": 3})
    assert set(project.repro()) == ALL
    straight = kaggle_csv.read_submission(project / "reports/submission.csv")
    assert len(set(straight)) > 1
    order = np.random.default_rng(0).permutation(50)
    kaggle_csv.write_test(project / "data/incoming/test.csv", images[150:][order])
    assert set(project.repro()) == {"fetch", "prepare", "predict", "submission"}, (
        "only the unlabelled images have changed"
    )
    np.testing.assert_array_equal(kaggle_csv.read_submission(project / "reports/submission.csv"), straight[order])


CODE = sorted(
    path.relative_to(graph.ROOT).as_posix() for path in [*(graph.ROOT / "digits").glob("*.*"), *graph.stage_files()]
)


def made_of(file):
    """The stages whose code imports the file or is it, as their names stand in dvc.lock."""
    names = {path.stem for path in graph.stage_files() if graph.ROOT / file in graph.source_files(path)}
    return {"train@0" if name == "train" else name for name in names}


def test_dvc_holds_the_stages_that_an_edited_file_is_part_of_for_changed_and_no_others(project, monkeypatch):
    """Asked of the stages that `dvc status` asks, in this process: by the command, thirty times, it takes a minute."""
    monkeypatch.chdir(project.folder)
    held = {}
    with Repo() as repo, repo.lock:
        assert not any(stage.status() for stage in repo.index.stages)
        for edited in CODE:
            before = (project / edited).read_text()
            _add_a_comment(project / edited)
            held[edited] = {stage.addressing for stage in repo.index.stages if stage.status()}
            (project / edited).write_text(before)
    assert held == {edited: made_of(edited) for edited in CODE}


def test_the_readme_in_data_incoming_concerns_no_stage(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    _add_a_comment(project / "data/incoming/README.md")
    with Repo() as repo:
        assert repo.status() == {}


def test_an_edited_file_reruns_the_stages_that_it_is_part_of_and_none_after_them(project):
    _add_a_comment(project / "digits/data/kaggle_csv.py")
    assert set(project.repro()) == made_of("digits/data/kaggle_csv.py") == {"fetch", "prepare", "submission"}


def test_everything_again_by_force_leaves_the_lock_as_it_was(project):
    before = (project / "dvc.lock").read_bytes()
    assert set(project.repro("--force")) == ALL
    assert (project / "dvc.lock").read_bytes() == before


def test_killed_on_another_machine_the_next_run_ends_in_the_same_bytes(project, tmp_path):
    home = elsewhere.furnish(tmp_path / "home")
    machine = {"before_start": elsewhere.one_core, "HOME": str(home), **elsewhere.ALL}
    victim = kills.Victim(project, tmp_path, elsewhere.PATH, **machine)
    assert kills.kill_in_every_stage(victim, {"prepare": 2, "train@0": 5, "predict": 3}, seed=0)
    victim.repro_to_end()
    shutil.rmtree(victim / ".dvc/cache")
    locked = yaml.safe_load((project / "dvc.lock").read_text())["stages"].values()
    tracked, outs = (
        set(project.git("ls-files", "-z").split("\0")),
        [out["path"] for stage in locked for out in stage["outs"]],
    )
    expected = {
        name: digest
        for name, digest in kills.files_of(project.folder).items()
        if name in tracked or any(f"{name}/".startswith(f"{out}/") for out in outs)
    }
    kills.assert_same(victim.files(), expected)


def test_a_closed_standard_output_and_a_locale_without_umlauts_hinder_no_stage(project):
    before = (project / "reports/submission.csv").read_bytes()
    (project / "reports/submission.csv").unlink()
    project.run("sh", "-c", "python -m stages.submission >&-", **elsewhere.NO_UMLAUTS)
    assert (project / "reports/submission.csv").read_bytes() == before


def _add_a_comment(path):
    path.write_text(path.read_text() + "# a line that changes nothing\n")
