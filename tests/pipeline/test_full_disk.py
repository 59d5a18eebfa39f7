"""No room, no right to write, no memory: one line says so, nothing that was there is lost, and later it ends well."""

import os
import resource
import shutil

import kills
import pytest
from disks import MEGABYTE, small_disk
from project import TINY, Project, write_competition

from digits.data import sources

pytestmark = pytest.mark.slow

RESULTS = {
    "fetch": ["data/raw/train.csv", "data/raw/test.csv", "data/raw/sample_submission.csv"],
    "prepare": ["data/prepared/labelled.npz", "data/prepared/unlabelled.npz", "reports/labels/interactive.html"],
    "train": ["models/member-0.keras"],
    "predict": ["data/predictions/held_out.npz", "data/predictions/labelled.npz", "data/predictions/unlabelled.npz"],
    "evaluate": ["reports/index.html", "reports/metrics.json"],
    "submission": ["reports/submission.csv"],
}
NO_ROOM, READ_ONLY = "No space left on device", "Read-only file system"


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


def test_on_a_full_disk_one_line_says_so_nothing_is_lost_and_with_room_it_goes_on(disk, prepared):
    before = results(prepared)
    with disk.full():
        refuses(prepared, "python", "-m", "stages.prepare", because=NO_ROOM)
    assert results(prepared) == before

    shutil.rmtree(prepared / ".dvc/cache")
    for room, who in (
        (5 * MEGABYTE, "error: "),
        (11 * MEGABYTE, "ERROR: "),
    ):  # too little for the stage, and for DVC's copy
        for name in RESULTS["prepare"]:
            (prepared / name).unlink(missing_ok=True)
        with disk.full(room):
            ran = prepared.run("dvc", "repro", "prepare", check=False)
        said = [line for line in ran.stdout.splitlines() if NO_ROOM in line]
        assert ran.returncode and said and all(line.startswith(who) for line in said), ran.stdout
        assert "Traceback" not in ran.stdout
        assert (prepared / "dvc.lock").read_bytes() == before["dvc.lock"]
    prepared.run("dvc", "repro", "prepare")
    assert results(prepared) == before


def test_in_a_read_only_folder_one_line_says_so_and_nothing_is_lost(disk, prepared):
    before = results(prepared)
    prepared.set(seed=2)
    with disk.read_only():
        refuses(prepared, "python", "-m", "stages.prepare", because=READ_ONLY)
        ran = prepared.run("dvc", "repro", "prepare", check=False)
        assert ran.returncode and READ_ONLY in ran.stdout and "Traceback" not in ran.stdout
    assert results(prepared) == before
    prepared.set(seed=1)


PREPARE_WITH_FIVE_MEGABYTES = """
import resource
from digits import errors
from stages import prepare

pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + (5 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
errors.run(prepare.main)
"""


def test_without_enough_memory_one_line_says_so_and_nothing_is_lost(prepared):
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("this system does not say how much memory a process has")
    before = results(prepared)
    refuses(prepared, "python", "-c", PREPARE_WITH_FIVE_MEGABYTES, because="there is not enough memory")
    assert results(prepared) == before


@pytest.fixture(scope="module")
def finished(make_project, disk):
    """A project on the small disk after a whole run."""
    project = _subset_on(disk, make_project(**TINY, source="incoming"))
    project.repro()
    return project


@pytest.mark.faults
@pytest.mark.parametrize("stage", RESULTS)
def test_each_stage_says_in_one_line_that_there_is_no_room_or_no_right_to_write(disk, finished, stage):
    command = ["python", "-m", f"stages.{stage}", *["0"] * (stage == "train")]
    before = results(finished)
    for hindered, reason in ((disk.full, NO_ROOM), (disk.read_only, READ_ONLY)):
        with hindered():
            refuses(finished, *command, because=reason)
        shutil.rmtree(finished / ".work", ignore_errors=True)  # where a training keeps what it has, for the next time
        assert results(finished) == before
    for result in RESULTS[stage]:
        (finished / result).unlink()
    finished.run(*command)
    shutil.rmtree(finished / ".work", ignore_errors=True)
    assert results(finished) == before


@pytest.mark.faults
@pytest.mark.parametrize("room", [MEGABYTE // 100, *(megabytes * MEGABYTE for megabytes in (5, 9, 16, 20))])
def test_whatever_room_is_left_dvc_repro_says_so_in_a_line_and_with_room_ends_in_the_same_bytes(disk, finished, room):
    before = results(finished)
    for name in ("data/raw", "data/prepared", "data/predictions", "models", ".dvc/cache"):
        shutil.rmtree(finished / name)
    with disk.full(room):
        ran = finished.run("dvc", "repro", check=False)
    print(f"{room:,} bytes of room: exit status {ran.returncode}; {ran.stdout.splitlines()[-1]}")
    assert not ran.returncode or (NO_ROOM in ran.stdout and "Traceback" not in ran.stdout), ran.stdout
    finished.run("dvc", "repro")
    assert results(finished) == before


@pytest.mark.faults
def test_without_enough_memory_a_training_says_so_in_one_line(finished):
    finished.set(**{"network.width": 512, "batch_size": 1000})

    def limit_memory():
        resource.setrlimit(resource.RLIMIT_AS, (10 << 30, 10 << 30))

    ran = finished.run("python", "-m", "stages.train", "0", check=False, before_start=limit_memory)
    finished.set(**TINY)
    shutil.rmtree(finished / ".work")
    assert ran.returncode == 1 and "Traceback" not in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("error: there is not enough memory; "), ran.stdout


def refuses(project, *command, because):
    """Run a command that has to fail with exit status 1 and one line."""
    ran = project.run(*command, check=False)
    assert ran.returncode == 1, ran.stdout
    said = [line for line in ran.stdout.splitlines() if not line.startswith(("Epoch ", "training goes on"))]
    assert len(said) == 1 and said[0].startswith("error: ") and because in said[0], ran.stdout


def results(project):
    """What a run leaves for the person, and what it should not leave: {path: digest}, and dvc.lock as it is."""
    files = kills.files_of(project.folder)
    kept = {
        name: digest for name, digest in files.items() if name.startswith(("data/", "models/", "reports/", ".work/"))
    }
    return kept | {"dvc.lock": (project / "dvc.lock").read_bytes()}


def _subset_on(disk, project):
    """Move a project to the small disk, and give it 1,200 labelled and 500 unlabelled images of the sample."""
    images, labels, unlabelled, _ = sources.sample()
    folder = disk.folder / f"project-{len(os.listdir(disk.folder))}"
    shutil.move(project.folder, folder)
    project = Project(folder)
    write_competition(project / "data/incoming", images[:1200], labels[:1200], unlabelled[:500])
    project.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return project
