"""A full disk or a read-only folder loses nothing, and the next run succeeds."""

import os
import shutil

import kills
import pytest
from disks import MEGABYTE, small_disk
from project import TINY, Project, write_competition

from digits.data import sources

pytestmark = pytest.mark.slow

RESULTS = {
    "fetch": ["data/raw/train.csv", "data/raw/test.csv", "data/raw/sample_submission.csv"],
    "prepare": ["data/prepared/labelled.npz", "data/prepared/unlabelled.npz"],
    "train": ["models/member-0.keras"],
    "predict": ["data/predictions/member-0.npz"],
    "evaluate": ["reports/index.html", "reports/metrics.json", "reports/labels/interactive.html"],
    "submission": ["reports/submission.csv"],
}
DISK_FULL, READ_ONLY = "No space left on device", "Read-only file system"


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    with small_disk(tmp_path_factory.mktemp("disk"), 60) as disk:
        yield disk


@pytest.fixture(scope="module")
def prepared(make_project, disk):
    """A project on the small disk, after fetch and prepare."""
    project = _subset_on(disk, make_project(**TINY, source="incoming"))
    project.run("dvc", "repro", "prepare")
    return project


def test_a_full_disk_ends_in_one_line_and_loses_nothing_and_the_next_run_succeeds(disk, prepared):
    before = results(prepared)
    with disk.full():
        refuses(prepared, "python", "-m", "stages.prepare", because=DISK_FULL)
    assert results(prepared) == before

    shutil.rmtree(prepared / ".dvc/cache")
    # room for DVC's copies of data/raw, but too little for the stage; and then for the stage, but not for DVC's copy
    raw = sum((prepared / name).stat().st_size for name in RESULTS["fetch"])
    for room, prefix in ((raw + MEGABYTE // 2, "error: "), (2 * MEGABYTE, "ERROR: ")):
        for name in RESULTS["prepare"]:
            (prepared / name).unlink(missing_ok=True)
        with disk.full(room):
            ran = prepared.run("dvc", "repro", "prepare", check=False)
        messages = [line for line in ran.stdout.splitlines() if DISK_FULL in line]
        assert messages and all(line.startswith(prefix) for line in messages), ran.stdout
        assert "Traceback" not in ran.stdout
        if prefix == "error: ":  # DVC 3.67 may exit with 0 where it cannot copy a file of a folder to its cache
            assert ran.returncode and (prepared / "dvc.lock").read_bytes() == before["dvc.lock"]
    prepared.run("dvc", "repro", "prepare")
    assert results(prepared) == before


def test_a_read_only_folder_ends_in_one_line_and_loses_nothing(disk, prepared):
    before = results(prepared)
    prepared.set(seed=2)
    with disk.read_only():
        refuses(prepared, "python", "-m", "stages.prepare", because=READ_ONLY)
        ran = prepared.run("dvc", "repro", "prepare", check=False)
        assert ran.returncode and READ_ONLY in ran.stdout and "Traceback" not in ran.stdout
    assert results(prepared) == before
    prepared.set(seed=1)


@pytest.fixture(scope="module")
def finished(make_project, disk):
    """A project on the small disk, after a whole run."""
    project = _subset_on(disk, make_project(**TINY, source="incoming"))
    project.repro()
    return project


@pytest.mark.faults
@pytest.mark.parametrize("stage", RESULTS)
def test_each_stage_ends_in_one_line_on_a_full_disk_or_in_a_read_only_folder(disk, finished, stage):
    command = ["python", "-m", f"stages.{stage}", *["0"] * (stage in ("train", "predict"))]
    before = results(finished)
    for hindered, reason in ((disk.full, DISK_FULL), (disk.read_only, READ_ONLY)):
        with hindered():
            refuses(finished, *command, because=reason)
        shutil.rmtree(finished / ".work", ignore_errors=True)  # the checkpoint of the training
        assert results(finished) == before
    for result in RESULTS[stage]:
        (finished / result).unlink()
    finished.run(*command)
    shutil.rmtree(finished / ".work", ignore_errors=True)
    assert results(finished) == before


def refuses(project, *command, because):
    """Run a command that must fail with exit status 1 and one line of ours."""
    ran = project.run(*command, check=False)
    assert ran.returncode == 1, ran.stdout
    messages = [line for line in ran.stdout.splitlines() if line.startswith("error: ")]
    assert len(messages) == 1 and because in messages[0] and "Traceback" not in ran.stdout, ran.stdout


def results(project):
    """Hash the results and the leftovers of a run, and read dvc.lock."""
    files = kills.files_of(project.folder)
    folders = "data/", "models/", "reports/", ".work/"
    kept = {name: digest for name, digest in files.items() if name.startswith(folders)}
    return kept | {"dvc.lock": (project / "dvc.lock").read_bytes()}


def _subset_on(disk, project):
    """Move a project to the small disk, and give it 1,200 labelled and 500 unlabelled images of the sample."""
    images, labels, unlabelled, _ = sources.load_sample()
    folder = disk.folder / f"project-{len(os.listdir(disk.folder))}"
    shutil.move(project.folder, folder)
    project = Project(folder)
    write_competition(project / "data/incoming", images[:1200], labels[:1200], unlabelled[:500])
    project.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return project
