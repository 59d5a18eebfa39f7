"""A Ray cluster on this machine: a head without CPUs, and nodes, each a `ray start` with its own ports and folder.

with RayCluster() as cluster:
    node = cluster.add_node(cpus=2)
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

START_TIMEOUT = 120  # seconds
ATTEMPTS = 4  # `ray start` gives up after 30 s, which may be too short on a busy machine
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # or the server of ray:// crashes at times when it starts a process
}


class RayCluster:
    """Use as a context manager: all processes and files of the cluster end with it, however it is left."""

    def __init__(self, **environment):
        """`environment` is that of all processes of the cluster, for example RAY_memory_usage_threshold="0.01"."""
        self._folder = Path(tempfile.mkdtemp(prefix="nodes-"))  # short, as the path of a socket has at most 107 bytes
        self._started = []
        # Jupyter brings a parser that jsonschema, and so each process of Ray, spends two seconds on to import
        (self._folder / "rfc3987_syntax.py").write_text("raise ImportError")
        self.client_environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "PYTHONPATH": str(self._folder),
        }
        self._environment = {**os.environ, **_ENVIRONMENT, **self.client_environment, **environment}
        self._environment.pop("RAY_ADDRESS", None)

    def __enter__(self):
        port, client_port = _free_ports(2)
        self.address, self.client_address = f"127.0.0.1:{port}", f"ray://127.0.0.1:{client_port}"
        try:
            self._start(
                "--head", f"--port={port}", f"--ray-client-server-port={client_port}", "--include-dashboard=false"
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in reversed(self._started):
            _end(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def add_node(self, cpus=2):
        """Start a node, wait until it has joined, and return its process."""
        return self._start(f"--address={self.address}", cpus=cpus)

    def kill_node(self, node):
        """Kill a node's raylet with SIGKILL; its workers then end by themselves."""
        next(process for process in _session(node) if process.name() == "raylet").kill()

    def workers(self, name, nodes=None):
        """List the processes that run a task of this name, on all nodes or on some."""
        found = [process for node in nodes or self._started for process in _session(node)]
        return [process for process in found if _title(process).startswith(f"ray::{name}")]

    def _start(self, *arguments, cpus=0):
        for _ in range(ATTEMPTS):
            folder = self._folder / str(len(self._started))
            folder.mkdir()
            with open(folder / "log", "wb") as log:
                node = subprocess.Popen(
                    [
                        *(Path(sys.executable).with_name("ray"), "start", "--block", f"--num-cpus={cpus}", *arguments),
                        *("--node-ip-address=127.0.0.1", f"--temp-dir={folder}", "--object-store-memory=100000000"),
                    ],
                    cwd=folder,  # not the project's, whose code has to arrive by itself
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._started.append(node)
            if _await_start(node, folder / "log"):
                return node
            _end(node)
        raise AssertionError((folder / "log").read_text())


def _await_start(node, log):
    """Wait until `ray start` has succeeded, and return whether it has."""
    limit = time.monotonic() + START_TIMEOUT
    while node.poll() is None and time.monotonic() < limit:
        if "Ray runtime started" in log.read_text():
            return True
        time.sleep(0.1)
    return False


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _end(node):
    processes = _session(node)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    node.wait()
    psutil.wait_procs(processes, timeout=10)


def _session(node):
    """List the processes of a node, also those that its `ray start` has left behind."""
    return [process for process in psutil.process_iter() if _session_id(process.pid) == node.pid]


def _session_id(pid):
    with suppress(ProcessLookupError):
        return os.getsid(pid)


def _title(process):
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
