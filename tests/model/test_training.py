"""A training that is killed resumes and ends in the same bytes; one that diverges or stops improving ends early."""

import os
import re
import shutil
import signal
import sys

import graph
import pytest
import yaml
from project import TINY

from digits import arrays
from digits.data.splits import assign_folds

TRAIN = [sys.executable, "-m", "stages.train", "0"]
REPRO = ["dvc", "repro", "--single-item", "train@0"]

pytestmark = pytest.mark.slow


@pytest.fixture
def project(make_project, few_digits):
    """A project that is ready to train on 200 digits."""
    project = make_project(**{**TINY, "epochs": 12, "batch_size": 12})
    images, labels = few_digits
    fold = assign_folds(images, labels, 0.1, 3, seed=1)
    arrays.save(project / "data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    return project


def outputs(project):
    files = [project / "models/member-0.keras", *sorted((project / "reports/training").rglob("*.tsv"))]
    return {path.name: path.read_bytes() for path in files}


def kill_after_epoch(project, epoch, how):
    """Start a training, kill it after the checkpoint of an epoch, and return its exit status and its output."""
    running = project.start(*TRAIN)
    lines = []
    for line in running.stdout:
        lines.append(line)
        if line.startswith(f"Epoch {epoch + 1}/"):
            running.send_signal(how)
            break
    lines.append(running.stdout.read())
    return running.wait(), "".join(lines)


def resumed_after(output):
    """Return the epoch after which a training resumed; the epochs up to it must not run again."""
    epoch = int(re.search(r"training resumes after epoch (\d+)", output)[1])
    assert not any(f"Epoch {past}/" in output for past in range(1, epoch + 1)), output
    return epoch


def test_a_killed_training_resumes_and_ends_in_the_same_bytes(project):
    project.run(*TRAIN)
    undisturbed = outputs(project)
    assert len(undisturbed) >= 4
    shutil.rmtree(project / ".work")
    (project / "models/member-0.keras").unlink()

    status, _ = kill_after_epoch(project, 2, signal.SIGKILL)
    assert status == -signal.SIGKILL
    status, output = kill_after_epoch(project, 8, signal.SIGINT)
    assert 2 <= resumed_after(output) < 8
    assert status == 1 and "run the same command again to continue" in output and "Traceback" not in output
    output = project.run(*TRAIN).stdout
    assert 8 <= resumed_after(output) < 12 and "Epoch 12/12" in output
    assert outputs(project) == undisturbed


def test_a_checkpoint_of_other_settings_is_reported_and_not_used(project):
    kill_after_epoch(project, 1, signal.SIGKILL)
    project.set(lr=0.002)
    output = project.run(*TRAIN).stdout
    assert "unfinished training with other settings" in output and "Epoch 1/12" in output
    assert len(list((project / ".work").iterdir())) == 1


def test_a_training_whose_dvc_was_killed_continues_alone_and_no_second_one_starts(project):
    dvc = project.start(*REPRO)
    for line in dvc.stdout:
        if line.startswith("Epoch 1/"):
            break
    dvc.terminate()
    dvc.wait()
    pid = int((project / ".work/member-0.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    second = project.run(*REPRO, check=False)
    os.kill(pid, signal.SIGCONT)
    errors = [line for line in second.stdout.splitlines() if line.startswith("error: ")]
    assert second.returncode and "Traceback" not in second.stdout
    assert len(errors) == 1 and "member 0" in errors[0] and f"process {pid}" in errors[0]
    assert "Epoch 12/12" in dvc.stdout.read()  # returns when the training, which has the same output, has ended
    third = project.run(*REPRO).stdout
    assert resumed_after(third) == 12 and "Epoch " not in third


def test_a_training_that_diverges_ends_in_one_line(project):
    project.set(lr=1, **{"regularization.weight_decay": 100})
    ran = project.run(*TRAIN, check=False)
    assert ran.returncode == 1 and "Traceback" not in ran.stdout
    assert "lower lr in params.yaml" in ran.stdout.splitlines()[-1]
    assert not (project / "models/member-0.keras").exists()


def test_early_stopping_ends_a_training_that_no_longer_improves(project):
    project.set(epochs=40, lr=1e-9, **{"early_stopping.patience": 2})
    output = project.run(*TRAIN).stdout
    assert 3 <= output.count("Epoch ") < 40
    assert (project / "models/member-0.keras").exists()


def test_a_member_without_a_fold_is_refused(project):
    ran = project.run(*TRAIN[:-1], "7", check=False)
    line = ran.stdout.splitlines()[-1]
    assert ran.returncode == 1 and "Traceback" not in ran.stdout
    assert line.startswith("error: ") and "fold 7" in line and "0 to 2" in line


@pytest.fixture(scope="module")
def train(few_digits, tmp_path_factory):
    """Train member 0 on 200 digits in this process, with these compute settings."""
    from digits.model import training

    images, labels = few_digits
    data = arrays.Labelled(images, labels, assign_folds(images, labels, 0.1, 3, seed=1))
    defaults = yaml.safe_load(graph.PARAMS.read_text())
    settings = defaults | {"epochs": 1, "network": {"width": 2, "dropout": 0.1}}

    def train(**compute):
        changed = settings | {"compute": settings["compute"] | compute}
        return training.train_member(data, 0, changed, tmp_path_factory.mktemp("work"))

    return train


def test_the_precision_is_a_setting_and_the_model_computes_in_float32(train, tmp_path, capsys):
    from digits.model import network

    full, reduced, again = (train(precision=name) for name in ("float32", "mixed_bfloat16", "mixed_bfloat16"))
    assert reduced == again, "equal settings give equal bytes, also in the same process"
    assert reduced.model != full.model
    assert reduced.environment["precision"] == "mixed_bfloat16" and reduced.environment["threads"] == 2
    (tmp_path / "member-0.keras").write_bytes(reduced.model)
    layers = network.load(tmp_path / "member-0.keras").layers
    assert {layer.dtype_policy.name for layer in layers} == {"float32"}
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line.startswith("training member 0 on ") and "float32" in first_line


def test_the_number_of_threads_is_fixed_once_tensorflow_has_started(train):
    train()
    with pytest.raises(RuntimeError):
        train(threads=3)


@pytest.mark.parametrize(
    ("information", "name"), [("Model: \t\t NVIDIA H100\nIRQ: 1\n", "NVIDIA H100"), ("", "NVIDIA GPU")]
)
def test_a_gpu_that_tensorflow_cannot_use_is_named(information, name):
    from digits.model import backend

    assert backend._model_name(information) == name


def test_a_gpu_trains_the_same_bytes_twice(train):
    from digits.model import backend

    if not backend.tensorflow.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU")
    first, second = train(), train()
    assert first == second and first.environment["device"] != "CPU"
