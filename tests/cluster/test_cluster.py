"""Functions on a Ray cluster of this machine: the results of a local run, also after a node's death."""

import hashlib
import json
import re
import shutil
import signal
import sys

import graph
import kills
import numpy as np
import psutil
import pytest
from project import TINY, Project, write_settings
from ray_cluster import ray_cluster

from digits import arrays, cluster
from digits.errors import InputError
from digits.model import tasks
from digits.settings import Settings

SETTINGS = Settings(epochs=2, batch_size=64, network={"width": 2}).model_dump()
END_TIMEOUT = 120  # seconds that a busy machine may take to end a training

# Trains, predicts and makes a mistake on the cluster, as `train_and_predict` does here.
REMOTE = """
import json, sys
import test_cluster
from digits import cluster, errors
from digits.model import tasks

print("RESULT", json.dumps(test_cluster.train_and_predict(sys.argv[1])))
assert not {"keras", "tensorflow"} & set(sys.modules)
errors.run(lambda: test_cluster.train(sys.argv[1], fold=7))
"""


def train(path, fold):
    data = arrays.load_labelled(path)
    return cluster.run(tasks.train, data, fold, SETTINGS, ".work/checkpoint.npz", threads=2)


def train_and_predict(path):
    """Return the details, and the MD5 hashes of the model file and of what the network predicts."""
    model, history, details = train(path, fold=1)
    images = arrays.load_labelled(path).images
    probabilities = cluster.run(tasks.predict, model, images, SETTINGS["network"], 2, threads=2)
    hashes = [hashlib.md5(content).hexdigest() for content in (model, probabilities.tobytes())]
    return [*hashes, history, details]


@pytest.fixture
def prepared(few_digits, tmp_path):
    """A folder with 200 images in five folds, in which a training may run."""
    images, labels = few_digits
    write_settings(tmp_path)
    shutil.copy(graph.ROOT / "dvc.yaml", tmp_path)
    fold = np.arange(5, dtype=np.int8).repeat(40)
    arrays.save(tmp_path / arrays.LABELLED, images=images, labels=labels, fold=fold)
    project = Project(tmp_path)
    project.set(**TINY)
    return project


@pytest.fixture(scope="module")
def ray():
    """The environment variables of a process that uses a cluster of one node."""
    with ray_cluster(2) as variables:
        yield variables


@pytest.mark.slow
def test_a_node_gives_the_bytes_of_a_local_run_and_a_mistake_is_one_line(ray, prepared, backend, monkeypatch):
    path = prepared / arrays.LABELLED
    folders = ":".join(str(graph.ROOT / folder) for folder in ("", "tests", "tests/cluster"))
    ran = prepared.run(sys.executable, "-c", REMOTE, path, check=False, **ray, PYTHONPATH=folders)
    [result] = re.findall(r"^RESULT (.*)$", ran.stdout, re.MULTILINE)
    monkeypatch.chdir(prepared.folder)
    assert json.loads(result) == train_and_predict(path)
    assert re.search(r"\(train pid=\d+\).*Epoch 2/2", ran.stdout), "the progress on the node is printed here"
    assert ran.returncode == 1 and "error: there is no fold 7" in ran.stdout and "Traceback" not in ran.stdout


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere.invalid:6379", "127.0.0.1"])
def test_an_address_where_nothing_answers_is_one_line(address, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(InputError, match=f"RAY_ADDRESS={address} ") as refused:
        cluster.run(tasks.train, threads=1)
    assert str(refused.value).isprintable()


def test_without_ray_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="make cluster-setup"):
        cluster.run(tasks.train, threads=1)


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_an_interrupt_ends_the_training_on_the_node(how, ray, prepared):
    prepared.set(epochs=100_000)
    prepared.environment |= {**ray, "PYTHONPATH": str(graph.ROOT)}
    running = prepared.start(sys.executable, "-m", "stages.train", "1")
    worker = find_worker(running)
    running.send_signal(how)
    running.communicate()
    assert running.returncode != 0
    assert psutil.wait_procs([worker], timeout=END_TIMEOUT)[1] == []


@pytest.mark.faults
def test_members_on_two_nodes_of_which_one_dies_give_the_same_dvc_lock(tiny_project, tmp_path):
    here = Project(tiny_project.folder)
    here.set(members=[0, 1], epochs=20)
    there = Project(shutil.copytree(here.folder, tmp_path / "clone", symlinks=True))
    there.install()
    here.repro()
    with ray_cluster(0, 2, 2) as variables:
        there.environment |= variables
        running = there.start("make", "members", "JOBS=2")
        node = find_worker(running).parent()
        assert node.name() == "raylet"
        node.kill()
        output, _ = running.communicate()
    assert running.returncode == 0, output
    assert (there / "dvc.lock").read_bytes() == (here / "dvc.lock").read_bytes()
    assert kills.files_of(there / "models") == kills.files_of(here / "models")


def find_worker(running):
    """Return the process on the node in which an epoch of a training has ended."""
    lines = []
    for line in running.stdout:
        lines.append(line)
        if found := re.search(r"\(train pid=(\d+).*val_loss", line):
            return psutil.Process(int(found[1]))
    raise AssertionError("no epoch of the training ended:\n" + "".join(lines))
