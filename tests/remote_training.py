"""Train members on a Ray cluster, in a process of its own as `make members` does."""

import json
import os
import subprocess
import sys

import graph
import yaml

from digits.data import arrays, splits

# Trains the requested members, each a number, settings and folders to import from, and prints the MD5 or the error.
TRAIN = """
import hashlib, json, sys
from pathlib import Path
from digits.cluster import remote
from digits import arrays
from digits.errors import InputError

remote.NODE_TIMEOUT = 1
data, requests = arrays.load_labelled(sys.argv[1]), json.loads(sys.argv[2])
for member, settings, *path in requests:
    sys.path[:0] = path
    try:
        trained = remote.train_member(data, member, settings, Path(sys.argv[1]).parent)
        result = vars(trained) | {"model": hashlib.md5(trained.model).hexdigest()}
    except InputError as error:
        result = str(error)
    print("RESULT", json.dumps(result), flush=True)
assert not {"keras", "tensorflow"} & set(sys.modules)
"""


def write_images(folder, images, labels):
    """Write labelled images in five folds where the pipeline has them, and return the path."""
    path = folder / "data/prepared/labelled.npz"
    arrays.save(path, images=images, labels=labels, fold=splits.assign_folds(images, labels, 0.1, 5, seed=1))
    return path


def settings(**changes):
    """Settings of the train stage with a tiny network, some of them changed by their dotted names."""
    values = yaml.safe_load(graph.PARAMS.read_text())
    for name, value in ({"epochs": 2, "network.width": 2} | changes).items():
        section, _, key = name.rpartition(".")
        (values[section] if section else values)[key] = value
    return {name: values[name] for name in {name.split(".")[0] for name in graph.parameters("train")}}


def connection(cluster, outside=False):
    """Return the environment of a process that connects to a cluster, as a node of it or from outside."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    address = cluster.client_address if outside else cluster.address
    return inherited | {"RAY_ADDRESS": address} | cluster.client_environment


def train(images, *requests, **environment):
    """Train; the attribute `results` has what became of each request."""
    path = os.pathsep.join(filter(None, (environment.get("PYTHONPATH"), str(graph.ROOT))))
    ran = subprocess.run(
        [sys.executable, "-c", TRAIN, images, json.dumps(requests)],
        cwd=images.parents[2],
        env=os.environ | environment | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    ran.results = [json.loads(line.removeprefix("RESULT ")) for line in ran.stdout.splitlines() if "RESULT " in line]
    return ran
