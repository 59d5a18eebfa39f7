"""A Ray cluster on this machine: a head and nodes, each a `ray start` of its own.

with RayCluster(cpus=0) as cluster:
    cluster.add_node(cpus=2)
    subprocess.run(..., env=os.environ | cluster.environment)
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ATTEMPTS = 4  # `ray start` gives up after 30 s, which may be too short on a busy machine


class RayCluster:
    """Use as a context manager: all processes and files of the cluster end with it.

    The attribute `environment` has the variables of a process that uses the cluster.
    """

    def __init__(self, cpus):
        """Begin with a head that has so many CPUs."""
        self.cpus = cpus

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # the path of a socket has at most 107 bytes
        self.nodes = []
        # Jupyter brings a parser that takes seconds to import, and jsonschema imports it in each process of Ray
        (self.folder / "rfc3987_syntax.py").write_text("raise ImportError")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = "127.0.0.1:{1}".format(*free.getsockname())
        self.environment = {
            "PYTHONPATH": str(self.folder),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        try:
            port = self.address.split(":")[1]
            self._start("--head", f"--port={port}", f"--num-cpus={self.cpus}", "--include-dashboard=false")
        except BaseException:
            self.__exit__()
            raise
        self.environment["RAY_ADDRESS"] = self.address
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            _kill(node)
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_node(self, cpus):
        """Start a node, and wait until it has joined."""
        self._start(f"--address={self.address}", f"--num-cpus={cpus}")

    def _start(self, *arguments):
        log = self.folder / f"{len(self.nodes)}.log"
        command = [Path(sys.executable).with_name("ray"), "start", "--block", "--node-ip-address=127.0.0.1", *arguments]
        for _ in range(ATTEMPTS):
            with open(log, "w") as output:
                node = subprocess.Popen(
                    [*command, f"--temp-dir={self.folder}", "--object-store-memory=100000000"],
                    cwd=self.folder,  # not the project's, whose code has to arrive by itself
                    env=os.environ | self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            while node.poll() is None and "Ray runtime started" not in log.read_text():
                time.sleep(0.1)
            if node.poll() is None:
                self.nodes.append(node)
                return
        raise AssertionError(log.read_text())


def _kill(node):
    processes = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)
