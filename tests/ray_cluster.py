"""A Ray cluster on this machine, by Ray's own means for tests."""

import contextlib
import tempfile

import pytest


@contextlib.contextmanager
def ray_cluster(head, *nodes):
    """Start a head and nodes with so many CPUs, and yield the environment variables of a process that uses them."""
    utils = pytest.importorskip("ray.cluster_utils", reason="needs `make cluster-setup`")
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # with 15, tasks wait for the tests in the other processes
        common = {"temp_dir": folder, "object_store_memory": 100_000_000}  # a socket's path has at most 107 bytes
        cluster = utils.Cluster(True, head_node_args=common | {"num_cpus": head, "include_dashboard": False})
        try:
            for cpus in nodes:
                cluster.add_node(num_cpus=cpus, **common)
            yield {"RAY_ADDRESS": cluster.address}
        finally:
            cluster.shutdown()
