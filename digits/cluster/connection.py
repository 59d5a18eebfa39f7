"""Connect this process to the Ray cluster of RAY_ADDRESS.

RAY_ADDRESS is host:6379 or auto on a node of the cluster, and ray://host:10001 on a machine outside. Ray is imported
here and not at the head of the file, because it is installed and needed only where a cluster is used.
"""

import logging
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from digits.errors import InputError

ADDRESS = "RAY_ADDRESS"
CONNECT_TIMEOUT = 10  # seconds
ATTEMPTS = 3  # behind ray://, the head's gRPC 1.85 crashes at times in the fork of the process that acts for this one
_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {  # of this process, of that which acts for it behind ray://, and of the tasks
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",  # two members may print the same line
    "RAY_COLOR_PREFIX": "0",
    "RAY_FLUSH_DRIVER_LOGS": "1",
    "RAY_SCHEDULER_EVENTS": "0",
    "RAY_GCS_SERVER_REQUEST_TIMEOUT_SECONDS": "20",  # of a machine that is no node; 60 otherwise
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # under `uv run` it would ship the whole environment
    "RAY_task_oom_retries": "3",  # without a limit otherwise
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # hides the GPUs from a task that reserves none
}


@contextmanager
def connect(show_output: bool = True) -> Iterator[ModuleType]:
    """Connect to the cluster, yield the module `ray`, and disconnect, which ends what this process has started there.

    The code of digits/ goes to the nodes, which import it from there and not from a copy that they may have.

    Args:
        show_output: print what the tasks print, with the task and the node before each line.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached, rejects this process, or has another
            version of Ray or Python.
    """
    address = os.environ[ADDRESS]
    _check_reachable(address)
    ray = _import_ray()
    on_sigterm = signal.getsignal(signal.SIGTERM)
    _init(ray, address, show_output)
    if on_sigterm not in (signal.SIG_DFL, None):  # Ray has replaced it
        signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield ray
    finally:
        ray.shutdown()


def _init(ray: ModuleType, address: str, show_output: bool) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(
                address,
                runtime_env={
                    "working_dir": str(_ROOT),
                    "excludes": ["/*", "!.", "!/digits", "__pycache__"],
                    "env_vars": _ENVIRONMENT,
                },
                log_to_driver=show_output,
                logging_level=logging.ERROR,
            )
            return
        except Exception as error:
            ray.shutdown()
            if attempt == ATTEMPTS or "client server failed" not in str(error):
                raise _explain(error, address) from None


def _import_ray() -> ModuleType:
    """Import Ray without its notices; it reads these variables while it is imported."""
    os.environ.update(_ENVIRONMENT)
    try:
        import ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise InputError(
            f"Ray is not installed, but {ADDRESS} is set; run `make cluster-setup`, or `unset {ADDRESS}` to train here"
        ) from None
    return ray


def _check_reachable(address: str) -> None:
    """Check that something listens at the address: Ray itself would wait for a minute and more."""
    if address == "auto":
        return
    named = re.fullmatch(r"(ray://)?\[?([^/\[\]]+?)\]?:(\d{1,5})", address)
    if not named or int(named[3]) > 65535:
        raise InputError(f"{ADDRESS} is {address!r}; use host:6379 or auto on a node, ray://host:10001 elsewhere")
    try:
        socket.create_connection((named[2], int(named[3])), CONNECT_TIMEOUT).close()
    except OSError as error:
        raise InputError(
            f"the Ray cluster of {ADDRESS}={address} cannot be reached: {error.strerror or error}; start it or correct "
            f"the address, or `unset {ADDRESS}` to train here"
        ) from None


def _explain(error: Exception, address: str) -> Exception:
    """Convert a failure of ray.init that is the user's to an InputError; return any other as it is."""
    message = " ".join(str(error).split())
    if "Could not find any running Ray instance" in message:
        return InputError(
            f"no Ray runs on this machine, but {ADDRESS} is {address}; `ray start --head` starts it, "
            f"`unset {ADDRESS}` trains without it"
        )
    if versions := re.findall(r"Ray: (\S+) Python: (\S+)", message):
        (ray, python), (own_ray, own_python) = versions
        return InputError(
            f"the Ray cluster of {address} has Ray {ray} and Python {python}, this machine has Ray {own_ray} and "
            f"Python {own_python}; install the same versions on all machines"
        )
    refused = isinstance(error, (ConnectionError, TimeoutError)) or "token" in message or "No node info" in message
    if refused or type(error).__name__ in ("AuthenticationError", "RpcError", "RaySystemError"):
        return InputError(
            f"the Ray cluster of {ADDRESS}={address} does not accept this machine ({message[:200]}); check that the "
            "port is Ray's, that this machine is a node or uses ray://host:10001, and that ~/.ray/auth_token or "
            "RAY_AUTH_TOKEN is the head's"
        )
    return error
