"""Training on a Ray cluster of this machine: same bytes, and each failure in one line."""

import hashlib
import json
import os
import subprocess
import sys

import graph
import numpy as np
import pytest
import yaml
from project import TINY, Project
from ray_cluster import RayCluster

from digits.data import arrays, splits

pytest.importorskip("ray", reason="needs `make cluster-setup`")
pytestmark = pytest.mark.slow

# Trains in one process for each request, a member and changed settings, and prints the MD5 of the model or the error.
TRAIN = """
import hashlib, json, sys
from pathlib import Path
from digits.cluster import remote
from digits.data import arrays
from digits.errors import InputError

remote.NODE_TIMEOUT = 1
data, requests = arrays.load_labelled(sys.argv[1]), json.loads(sys.argv[2])
for member, settings in requests:
    try:
        trained = remote.train_member(data, member, settings, Path(sys.argv[1]).parent)
        result = [hashlib.md5(trained.model).hexdigest(), trained.history, trained.environment]
    except InputError as error:
        result = str(error)
    print("RESULT", json.dumps(result), flush=True)
assert not {"keras", "tensorflow"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def cluster():
    with RayCluster() as cluster:
        cluster.add_node(cpus=2)
        yield cluster


@pytest.fixture(scope="module")
def images(few_digits, tmp_path_factory):
    """A file of 200 labelled images in five folds."""
    images, labels = few_digits
    path = tmp_path_factory.mktemp("images") / "labelled.npz"
    arrays.save(path, images=images, labels=labels, fold=splits.assign_folds(images, labels, 0.1, 5, seed=1))
    return path


@pytest.fixture(scope="module")
def trained(cluster, images):
    """What the cluster answers to a good request, to a member without a fold, and to one that needs too many CPUs."""
    return train(images, (1, settings()), (7, settings()), (1, settings(**{"compute.threads": 64})), cluster=cluster)


def test_a_member_trained_on_a_node_has_the_same_bytes_as_one_trained_here(trained, images, tmp_path):
    from digits.model.training import train_member

    here = train_member(arrays.load_labelled(images), 1, settings(), tmp_path)
    assert trained.results[0] == [hashlib.md5(here.model).hexdigest(), here.history, here.environment]


def test_the_progress_on_the_node_is_printed_here_with_the_member(trained):
    lines = [line for line in trained.output.splitlines() if line.startswith("(member 1 pid=")]
    assert "training member 1 on the CPU" in lines[0]
    assert any("Epoch 2/2" in line for line in lines)
    others = [line for line in trained.output.splitlines() if not line.startswith(("(member ", "RESULT "))]
    assert len(others) == 1 and "waiting" in others[0], "Ray prints nothing else"


def test_an_error_of_the_user_on_the_node_is_one_line_here(trained):
    assert "there is no fold 7" in trained.results[1]


def test_a_member_that_fits_on_no_node_names_the_setting_and_what_the_cluster_has(trained):
    assert all(part in trained.results[2] for part in ("64 CPUs", "2 CPUs", "compute.threads"))


def test_another_version_of_a_package_on_the_node_is_refused(cluster, images, tmp_path):
    metadata = tmp_path / "scipy-0.1.dist-info/METADATA"  # in this process alone
    metadata.parent.mkdir()
    metadata.write_text("Name: scipy\nVersion: 0.1\n")
    message = train(images, (1, settings()), cluster=cluster, PYTHONPATH=str(tmp_path)).results[0]
    assert all(part in message for part in ("scipy", " 0.1", "node", "requirements.txt"))


def test_a_wrong_token_is_one_line(cluster, images):
    message = train(images, (1, settings()), cluster=cluster, RAY_AUTH_TOKEN="0" * 64).results[0]
    assert "token" in message and "auth_token" in message


@pytest.mark.parametrize(
    ("address", "fact"),
    [
        ("127.0.0.1:1", "refused"),
        ("ray://127.0.0.1:1", "refused"),
        ("nowhere.invalid:6379", "nowhere.invalid"),
        ("auto", "cannot be reached"),
        ("http://127.0.0.1:8265", "ray://host:10001"),
        ("127.0.0.1", "host:6379"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line(address, fact, images):
    (message,) = train(images, (1, settings()), RAY_ADDRESS=address).results
    assert fact in message and "RAY_ADDRESS" in message and message.isprintable()


def test_without_ray_the_command_that_installs_it_is_named(images, tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError")
    (message,) = train(images, (1, settings()), RAY_ADDRESS="auto", PYTHONPATH=str(tmp_path)).results
    assert "make cluster-setup" in message


def settings(**changes):
    """Settings of train with a tiny network, some of them changed by their dotted names."""
    values = yaml.safe_load(graph.PARAMS.read_text())
    for name, value in ({"epochs": 2, "network.width": 2} | changes).items():
        section, _, key = name.rpartition(".")
        (values[section] if section else values)[key] = value
    return {name: values[name] for name in {name.split(".")[0] for name in graph.parameters("train")}}


def train(images, *requests, cluster=None, **environment):
    """Train in a process of its own; its output and the results of the requests are in the attributes."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    connection = {"RAY_ADDRESS": cluster.address, **cluster.client_environment} if cluster else {}
    ran = subprocess.run(
        [sys.executable, "-c", TRAIN, images, json.dumps(requests)],
        cwd=graph.ROOT,
        env=inherited | connection | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    ran.output = ran.stdout
    ran.results = [json.loads(line.removeprefix("RESULT ")) for line in ran.stdout.splitlines() if "RESULT " in line]
    return ran
