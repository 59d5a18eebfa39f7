"""A full disk or a read-only folder loses nothing, and the next run succeeds."""

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress

import kills
import pytest
from project import TINY, Project, run_stages, write_competition

from digits import errors
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


class Disk:
    """A disk in memory that tests fill or make read-only, so that even root cannot write."""

    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def full(self):
        with open(self.folder / "filler", "wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(1 << 20))
        try:
            yield
        finally:
            (self.folder / "filler").unlink()

    @contextmanager
    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A Disk of 60 MB; the tests are skipped where none may be mounted."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", folder]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_and_a_read_only_folder_end_in_one_line_and_lose_nothing(disk, make_project, monkeypatch):
    project = _subset_on(disk, make_project(**TINY, source="incoming"))
    monkeypatch.chdir(project.folder)
    run_stages("fetch", "prepare")
    refuses_and_recovers(disk, project, "prepare", monkeypatch)


@pytest.fixture(scope="module")
def finished(make_project, disk):
    """A project on the small disk, after a whole run."""
    project = _subset_on(disk, make_project(**TINY, source="incoming"))
    project.repro()
    return project


@pytest.mark.faults
@pytest.mark.parametrize("stage", RESULTS)
def test_each_stage_ends_in_one_line_on_a_full_disk_or_in_a_read_only_folder(disk, finished, stage, monkeypatch):
    refuses_and_recovers(disk, finished, stage, monkeypatch)


def refuses_and_recovers(disk, project, stage, monkeypatch):
    """Run a stage that cannot write, which must leave all results, and then a stage that can, without its results."""
    monkeypatch.chdir(project.folder)
    command = f"{stage} 0" if stage in ("train", "predict") else stage
    before = results(project)
    for hindered, reason in ((disk.full, "No space left on device"), (disk.read_only, "Read-only file system")):
        with hindered(), pytest.raises(SystemExit) as stopped:
            errors.run(lambda: run_stages(command))
        message = str(stopped.value)
        assert message.startswith("error: ") and message.isprintable() and reason in message
        shutil.rmtree(project / ".work", ignore_errors=True)  # the checkpoint of the training
        assert results(project) == before
    for result in RESULTS[stage]:
        (project / result).unlink()
    run_stages(command)
    shutil.rmtree(project / ".work", ignore_errors=True)
    assert results(project) == before


def results(project):
    """Hash the results and the leftovers of a run."""
    folders = "data/", "models/", "reports/", ".work/", "dvc.lock"
    return {name: digest for name, digest in kills.files_of(project.folder).items() if name.startswith(folders)}


def _subset_on(disk, project):
    """Move a project to the small disk, and give it 1,200 labelled and 500 unlabelled images of the sample."""
    images, labels, unlabelled, _ = sources.load_sample()
    folder = disk.folder / f"project-{len(os.listdir(disk.folder))}"
    shutil.move(project.folder, folder)
    project = Project(folder)
    write_competition(project / "data/incoming", images[:1200], labels[:1200], unlabelled[:500])
    project.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return project
