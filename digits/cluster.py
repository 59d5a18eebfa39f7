"""Run a function here, or as a task on the Ray cluster of RAY_ADDRESS.

The address is auto on a node of the cluster, and ray://host:10001 on any other machine. Ray copies digits/ and the
arguments to a node, prints here what the task prints there, starts it again on another node if its node dies, and
cancels it when this process ends. Ray is imported only if RAY_ADDRESS is set.
"""

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digits.errors import InputError

ROOT = Path(__file__).parents[1]
RETRIES = 3  # of a task whose node or process has died


def run(function: Callable[..., Any], *arguments: Any, threads: int) -> Any:
    """Return function(*arguments), computed in this process or on a node with `threads` CPUs.

    On a cluster with GPUs, the task reserves one.

    Args:
        function: of a module of digits/, which the node imports.
        arguments: Ray pickles them; a relative path is one in a folder of the node.
        threads: CPUs that the task reserves.

    Raises:
        InputError: the function has raised it, Ray is not installed, or no cluster answers.
    """
    if not os.environ.get("RAY_ADDRESS"):
        return function(*arguments)
    ray = _connect(os.environ["RAY_ADDRESS"])
    gpus = 1 if ray.cluster_resources().get("GPU") else 0
    task = ray.remote(function).options(num_cpus=threads, num_gpus=gpus, max_retries=RETRIES)
    try:
        return ray.get(task.remote(*arguments))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from None
        raise


def _connect(address: str) -> Any:
    """Return the module ray, connected to the cluster."""
    try:
        if address != "auto":  # Ray itself waits for minutes
            host, _, port = address.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, port), timeout=10).close()
        import ray

        if not ray.is_initialized():
            code = {"working_dir": str(ROOT), "excludes": ["/*", "!.", "!/digits", "__pycache__"]}
            ray.init(address, runtime_env=code, logging_level=logging.ERROR)
        return ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise InputError("RAY_ADDRESS is set, but Ray is not installed; run `make cluster-setup`") from None
    except OSError as error:  # Ray's ConnectionError is one
        raise InputError(
            f"no Ray cluster answers at RAY_ADDRESS={address} ({error}); start it or correct the address, or "
            "`unset RAY_ADDRESS` to run here"
        ) from None
