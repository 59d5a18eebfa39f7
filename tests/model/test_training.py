"""Training: it learns, it stops when it should, and killed at any moment it ends in the same bytes."""

import os
import re
import signal
import subprocess
import sys

import pytest
from project import TINY, heed_interrupts

from digits.data import arrays
from digits.data.splits import assign_folds

TRAIN = [sys.executable, "-m", "stages.train", "0"]


@pytest.fixture
def project(make_project, few_digits):
    """A project in which training can begin, on 200 digits."""
    project = make_project(**{**TINY, "epochs": 12, "batch_size": 12})
    images, labels = few_digits
    fold = assign_folds(images, labels, 0.1, 3, seed=1)
    arrays.save(project / "data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    return project


def outputs(project):
    files = [project / "models/member-0.keras", *sorted((project / "reports/training").rglob("*.tsv"))]
    return {path.name: path.read_bytes() for path in files}


def started(project, command=TRAIN):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=project.folder, env=project.environment, preexec_fn=heed_interrupts, **pipes)


def dvc_takes_the_outputs_over(project):
    """Do what DVC does when a stage has ended well and when it is to run again."""
    (project / "dvc.lock").touch()
    (project / "models/member-0.keras").unlink()


def kill_after_epoch(project, epoch, how):
    """Start a training and kill it as soon as it has checkpointed the epoch: its exit status and its output."""
    running = started(project)
    lines = []
    for line in running.stdout:
        lines.append(line)
        if line.startswith(f"Epoch {epoch + 1}/"):
            running.send_signal(how)
            break
    lines.append(running.stdout.read())
    return running.wait(), "".join(lines)


def resumed_after(output):
    """The epoch after which a training says that it goes on: none up to it may be run again."""
    epoch = int(re.search(r"training goes on after epoch (\d+)", output)[1])
    assert not any(f"Epoch {past}/" in output for past in range(1, epoch + 1)), output
    return epoch


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_in_the_same_bytes(project):
    project.run(*TRAIN)
    undisturbed = outputs(project)
    assert len(undisturbed) >= 4
    dvc_takes_the_outputs_over(project)

    status, _ = kill_after_epoch(project, 2, signal.SIGKILL)
    assert status == -signal.SIGKILL
    status, output = kill_after_epoch(project, 8, signal.SIGINT)
    assert 2 <= resumed_after(output) < 8
    assert status == 1 and "run the same command again to go on" in output and "Traceback" not in output
    output = project.run(*TRAIN).stdout
    assert 8 <= resumed_after(output) < 12 and "Epoch 12/12" in output
    assert outputs(project) == undisturbed

    (project / "models/member-0.keras").unlink()
    output = project.run(*TRAIN).stdout
    assert resumed_after(output) == 12 and "Epoch " not in output, "DVC has not recorded the outputs yet"
    assert outputs(project) == undisturbed


@pytest.mark.slow
def test_a_killed_training_of_other_settings_or_a_damaged_one_is_said_and_not_used(project):
    kill_after_epoch(project, 1, signal.SIGKILL)
    state = next((project / ".work").glob("*/state.npz"))
    state.write_bytes(state.read_bytes()[:1000])
    _, output = kill_after_epoch(project, 1, signal.SIGKILL)
    assert "is damaged or of another network: training begins anew" in output and "Epoch 1/12" in output
    project.set(lr=0.002)
    output = project.run(*TRAIN).stdout
    assert "an unfinished training with other settings" in output and "Epoch 1/12" in output
    assert [path.name.split("-")[0] for path in (project / ".work").iterdir()] == ["ended"]


@pytest.mark.slow
def test_a_training_ends_with_the_dvc_that_started_it_and_the_next_dvc_goes_on_with_it(project):
    project.set(epochs=100, **{"early_stopping.patience": 100})
    repro = ["dvc", "repro", "--single-item", "train@0"]
    dvc = started(project, repro)
    for line in dvc.stdout:
        if line.startswith("Epoch 2/"):
            break
    dvc.terminate()
    rest = dvc.stdout.read()  # ends when the training, which has the same standard output, does
    dvc.wait()
    assert "Epoch 100/" not in rest, "the training went on without its dvc"
    again = started(project, repro)
    first = next((line for line in again.stdout if line.startswith(("training goes on after epoch", "Epoch"))), "")
    again.terminate()
    again.communicate()
    assert first.startswith("training goes on")


@pytest.mark.slow
def test_two_trainings_of_one_member_never_share_their_work(project):
    first = started(project)
    for line in first.stdout:
        if line.startswith("Epoch 1/"):
            break
    os.kill(first.pid, signal.SIGSTOP)
    second = project.run(*TRAIN, check=False)
    os.kill(first.pid, signal.SIGCONT)
    assert second.returncode == 1
    assert (
        second.stdout.strip()
        == f"error: member 0 is being trained by process {first.pid}; wait until it ends, or end it (kill {first.pid})"
    )
    first.stdout.read()
    assert first.wait() == 0


@pytest.mark.slow
def test_a_training_that_diverges_says_so_in_one_line(project):
    project.set(lr=1, **{"regularization.weight_decay": 100})
    ran = project.run(*TRAIN, check=False)
    assert ran.returncode == 1 and "Traceback" not in ran.stdout
    assert "training diverged; lower lr in params.yaml" in ran.stdout.splitlines()[-1]
    assert not (project / "models/member-0.keras").exists()


@pytest.mark.slow
def test_early_stopping_ends_a_training_that_no_longer_improves(project):
    project.set(epochs=40, lr=1e-9, **{"early_stopping.patience": 2})
    output = project.run(*TRAIN).stdout
    assert 3 <= output.count("Epoch ") < 40
    assert (project / "models/member-0.keras").exists()


@pytest.mark.slow
def test_a_member_without_a_fold_is_refused(project):
    ran = project.run(*TRAIN[:-1], "7", check=False)
    assert ran.returncode == 1 and ran.stdout == (
        "error: there is no fold 7 to leave out: the folds are 0 to 2; take a member from those\n"
    )
