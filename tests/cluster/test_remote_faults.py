"""Nodes that die, interrupts and memory on a Ray cluster of this machine, at full length."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time

import graph
import pytest
from project import Project, heed_interrupts
from ray_cluster import RayCluster
from remote_training import TRAIN, connection, settings, train, write_images

pytest.importorskip("ray", reason="needs `make cluster-setup`")
pytestmark = pytest.mark.faults

TIMEOUT = 120  # seconds that a busy machine may take to start or to end a training

# Holds the images while other processes train, and prints Ray's statistics of all object stores once both train.
SHARE = """
import subprocess, sys
from digits.cluster import remote

with remote.shared_images():
    running = [
        subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True)
        for arguments in [sys.argv[1:3] + [requests] for requests in sys.argv[3:]]
    ]
    for process in running:
        while "Epoch 1" not in process.stdout.readline():
            assert process.poll() is None
    from ray._private.internal_api import memory_summary
    print(memory_summary(stats_only=True))
    for process in running:
        process.kill()
"""


@pytest.fixture(scope="module")
def cluster():
    with RayCluster() as cluster:
        cluster.nodes = [cluster.add_node(), cluster.add_node()]
        yield cluster


@pytest.fixture(scope="module")
def prepared(few_digits, tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"), *few_digits)


@pytest.mark.parametrize("outside", [False, True], ids=["node", "outside"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_an_interrupt_ends_the_training_on_the_node(how, outside, cluster, prepared):
    running = start(prepared, cluster, outside, epochs=100_000)
    for line in running.stdout:
        if "Epoch 2" in line:
            break
    assert cluster.workers("member")
    running.send_signal(how)
    running.stdout.read()
    assert running.wait() != 0
    await_(lambda: not cluster.workers("member"), "the training still runs")


def test_a_member_trained_from_outside_the_cluster_has_the_same_bytes(cluster, prepared):
    inside = train(prepared, (1, settings()), **connection(cluster))
    outside = train(prepared, (1, settings()), **connection(cluster, outside=True))
    assert inside.results == outside.results and "model" in inside.results[0]
    assert "\x1b" not in outside.stdout, "no colours"


def test_a_wrong_token_is_one_line(cluster, prepared):
    message = train(prepared, (1, settings()), **connection(cluster) | {"RAY_AUTH_TOKEN": "0" * 64}).results[0]
    assert "does not accept" in message and "RAY_AUTH_TOKEN" in message


def test_the_images_of_all_members_are_in_each_object_store_once(prepared):
    one_thread = settings(**{"compute.threads": 1, "epochs": 100_000})
    requests = [json.dumps([[member, one_thread]]) for member in (0, 1, 2, 3)]
    with RayCluster() as cluster:  # of its own: the images of a killed training stay for a while
        cluster.add_node()
        cluster.add_node()
        ran = subprocess.run(
            [sys.executable, "-c", SHARE, TRAIN, prepared, *requests],
            cwd=prepared.parents[2],
            env=connection(cluster) | {"PYTHONPATH": f"{cluster.client_environment['PYTHONPATH']}:{graph.ROOT}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    objects = int(re.search(r"(\d+) objects", ran.stdout)[1])
    assert objects <= 3, "four members on two nodes: one copy on the head, and one on each node"


def test_eight_members_on_a_cluster_whose_node_dies_give_the_same_dvc_lock(tiny_project, cluster, tmp_path):
    here = Project(tiny_project.folder)
    here.set(members=list(range(8)))
    there = Project(shutil.copytree(here.folder, tmp_path / "clone", symlinks=True))
    there.environment |= connection(cluster)
    here.repro()

    running = there.start(sys.executable, "-m", "digits.cluster.members", "--jobs", "8")
    dying, output = cluster.nodes.pop(), []
    for line in running.stdout:
        output.append(line)
        if dying and "Epoch 1" in line and cluster.workers("member", [dying]):
            cluster.kill_node(dying)
            dying = None
    assert running.wait() == 0 and not dying, "".join(output)
    assert there.locked() == here.locked()
    assert (there / "dvc.lock").read_bytes() == (here / "dvc.lock").read_bytes()


def test_a_training_that_takes_too_much_memory_is_one_line(prepared):
    with RayCluster(RAY_memory_usage_threshold="0.01", RAY_task_oom_retry_delay_base_ms="10") as cluster:
        cluster.add_node()
        (message,) = train(prepared, (1, settings()), **connection(cluster)).results
    assert "out of memory" in message and "compute.threads" in message


def start(prepared, cluster, outside, **changes):
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, prepared, json.dumps([[1, settings(**changes)]])],
        cwd=graph.ROOT,  # the code that is sent
        env=connection(cluster, outside),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heed_interrupts,
    )


def await_(condition, otherwise):
    limit = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < limit, otherwise
        time.sleep(0.2)
