"""`python -m digits.cluster.members` on a pipeline whose trainings do what a test tells them, and on the real one."""

import json
import os
import re
import shutil
import signal
import sys

import elsewhere
import graph
import kills
import psutil
import pytest
from project import TINY, Project
from small_pipeline import COMMAND, Pipeline

from digits.cluster import members


def read_until(running, pattern, times):
    """Read the output of a process up to the line in which a pattern is found for the last of so many times."""
    lines = []
    for line in running.stdout:
        lines.append(line)
        times -= bool(re.search(pattern, line))
        if not times:
            return "".join(lines)
    raise AssertionError("it ended before:\n" + "".join(lines))


def is_running(pid):
    try:
        return psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def pipeline(tmp_path):
    return Pipeline(tmp_path / "pipeline")


@pytest.fixture
def hanging(pipeline):
    """A command that trains two members which do not end, and the process ids of the trainings."""
    pipeline.order(hang=["1", "0"])
    running = pipeline.start(*COMMAND, "2")
    pids = re.findall(r"in process (\d+)", read_until(running, "in process", times=2))
    yield running, pids
    running.kill()
    running.communicate()
    for pid in pids:
        if is_running(pid):
            os.killpg(os.getpgid(int(pid)), signal.SIGKILL)


@pytest.mark.slow
def test_members_that_end_in_another_order_leave_the_bytes_of_a_plain_dvc_repro(pipeline, tmp_path):
    plain = Project(shutil.copytree(pipeline.folder, tmp_path / "plain"))
    plain.repro()
    pipeline.order(after={"1": "0"})  # member 1 is listed first, and waits for member 0
    ran = pipeline.members()
    assert ran.returncode == 0, ran.stdout
    assert (pipeline / "dvc.lock").read_text() == (plain / "dvc.lock").read_text()
    pipeline.order()
    kills.assert_same(kills.files_of(pipeline.folder), kills.files_of(plain.folder))
    lines = ran.stdout.splitlines()
    assert "member 1 | Running stage 'train@1':" in lines and "Running stage 'predict':" in lines
    assert not [line for line in lines if "dvc push" in line or not line.removeprefix("member 1 |").strip()]


@pytest.mark.slow
def test_a_failing_member_stops_no_other_and_is_named_with_its_error(pipeline):
    pipeline.order(fail=["0"])
    ran = pipeline.members()
    assert ran.returncode == 1 and set(pipeline.locked()) == {"prepare", "train@1"}
    assert re.search(r"error: 1 of 2 members failed.*\n  member 0: the loss became NaN\n$", ran.stdout), ran.stdout
    pipeline.order()
    again = pipeline.members()
    assert again.returncode == 0 and set(re.findall(r"^member (\d)", again.stdout, re.MULTILINE)) == {"0"}
    assert list(pipeline.locked()) == ["prepare", "train@1", "train@0", "predict"]


@pytest.mark.parametrize(
    ("committed", "order"),
    [
        (["prepare", "train@0"], ["prepare", "train@0", "train@2", "train@1"]),
        (["prepare", "train@0", "predict"], ["prepare", "train@2", "train@0", "train@1"]),
    ],
    ids=["added to a committed one", "deleted and written again"],
)
def test_new_entries_of_dvc_lock_have_the_order_of_the_members(tmp_path, monkeypatch, committed, order):
    monkeypatch.chdir(tmp_path)
    project, lock = Project(tmp_path), tmp_path / "dvc.lock"

    def write(names):
        lock.write_text("stages:\n" + "".join(f"  {name}:\n    cmd: run {name}\n" for name in names))

    project.git("init", "-q")
    write(committed)
    project.git("add", "-A")
    project.git("commit", "-qm", "Results")
    write(["prepare", "train@0", "train@1", "train@2"])
    members._sort_lock([2, 0, 1])
    assert re.findall(r"^  (\S+):", lock.read_text(), re.MULTILINE) == order
    assert all(f"  {name}:\n    cmd: run {name}\n" in lock.read_text() for name in order)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.faults)])
def test_a_second_command_is_refused_and_a_signal_ends_the_first_with_its_trainings(pipeline, hanging, how):
    running, pids = hanging
    second = pipeline.members()
    assert second.returncode == 1 and second.stdout.count("\n") == 1 and f"kill {running.pid}" in second.stdout
    running.send_signal(how)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 1 and output.splitlines()[-1].startswith("stopped;")
    assert not [pid for pid in pids if is_running(pid)]
    assert pipeline.run("dvc", "status").returncode == 0, "DVC's locks stop no other command"
    assert list((pipeline / ".work").iterdir()) == [pipeline / ".work/orders.json"]


@pytest.mark.slow
@pytest.mark.faults
def test_trainings_that_survive_a_killed_command_are_named_by_the_next_one(pipeline, hanging):
    running, pids = hanging
    running.kill()
    pipeline.order()
    ran = pipeline.members()
    advice = re.search(r"^error: other DVC processes run here: \d+, \d+; .*\((kill .*)\)$", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1 and advice, ran.stdout
    pipeline.run("sh", "-c", advice[1])
    psutil.wait_procs([psutil.Process(int(pid)) for pid in pids if is_running(pid)], timeout=30)
    assert pipeline.members().returncode == 0


@pytest.mark.parametrize("jobs", ["0", "x", "-1", "1.5", "1e9"])
def test_invalid_jobs_give_one_line(jobs):
    ran = Project(graph.ROOT).run(*COMMAND[:-1], f"--jobs={jobs}", check=False)
    assert ran.returncode == 1 and ran.stdout.count("\n") == 1 and f"JOBS is {jobs!r}" in ran.stdout


def test_as_many_members_are_trained_at_a_time_as_the_cores_or_the_cluster_allow():
    code = (
        "from digits.cluster.members import default_jobs; print([default_jobs(*n) for n in ((999, 1), (9, 2), (2, 1))])"
    )
    project = Project(graph.ROOT)

    def printed(**options):
        return json.loads(project.run(sys.executable, "-c", code, **options).stdout)

    cores, two_threads, two_members = printed(RAY_ADDRESS="")
    assert 1 <= cores <= len(os.sched_getaffinity(0))  # a container may allow fewer
    assert two_threads == max(1, min(9, cores // 2)) and two_members == min(2, cores)
    assert printed(RAY_ADDRESS="", before_start=elsewhere.one_core) == [1, 1, 1]
    assert printed(RAY_ADDRESS="auto") == [16, 9, 2]


@pytest.mark.slow
@pytest.mark.faults
def test_killed_trainings_continue_and_end_in_the_bytes_of_a_plain_dvc_repro(make_project, tmp_path):
    project = make_project(**TINY | {"epochs": 4, "members": [1, 0]})
    for name in "plain", "killed":
        (tmp_path / name).mkdir()
    plain, killed = (kills.Victim(project, tmp_path / name) for name in ("plain", "killed"))
    plain.repro_to_end()
    for how in signal.SIGKILL, signal.SIGTERM, signal.SIGKILL:
        running = killed.start(*COMMAND, "2")
        read_until(running, r"Epoch \d/4|training resumes after epoch", times=2)
        trainings = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(how)
        running.communicate()
        psutil.wait_procs(trainings, timeout=120)
        assert not [training for training in trainings if is_running(training.pid)]
    ran = killed.run(*COMMAND, "2")
    assert "training resumes after epoch" in ran.stdout
    kills.assert_same(killed.files(), plain.files())
