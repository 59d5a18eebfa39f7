"""Train a member on a Ray cluster: the images and the settings go to a node, and the trained member comes back.

Nothing here imports Keras in this process: the node does. A training that dies with its node starts again on another
one, and ends in the same bytes.
"""

import hashlib
import importlib.metadata
import platform
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from digits.model.trained_member import TrainedMember

from digits import arrays, quiet
from digits.cluster.connection import connect
from digits.errors import InputError

NODE_TIMEOUT = 600  # seconds that an autoscaler has to start a node
RETRIES = 3  # of a training whose node or process died
PACKAGES = "h5py", "keras", "numpy", "scipy", "tensorflow"  # compute the model or are named in member-K.json


def train_member(data: arrays.Labelled, member: int, settings: dict[str, Any], work: Path) -> TrainedMember:
    """Train one member on the cluster of RAY_ADDRESS, as `digits.model.training.train_member` does here.

    What it prints is printed here. Its checkpoint stays on the node: `work` is not used.

    Raises:
        InputError: no connection, no node with these CPUs and GPUs, other versions on the node, the training failed by
            an error of the user, or its process was killed again and again.
    """
    compute = settings["compute"]
    with connect() as ray, _explained(ray, member):
        train = ray.remote(num_cpus=compute["threads"], num_gpus=compute["gpus"], max_retries=RETRIES, max_calls=1)(
            _train
        )
        task = train.options(name=f"member {member}").remote(_images(ray, data), member, settings, _versions())
        _await_node(ray, task, compute["threads"], compute["gpus"])
        return TrainedMember(**ray.get(task))


@contextmanager
def shared_images() -> Iterator[None]:
    """Put the prepared images into the cluster once, for each `train_member` of this project until the context ends.

    Raises:
        InputError: no connection to the cluster, or the images are missing.
    """
    data = arrays.load_labelled("data/prepared/labelled.npz")
    with connect(show_output=False) as ray:
        holder = ray.remote(num_cpus=0)(_Images).options(name=_name(data), namespace=_namespace())
        images = holder.remote([ray.put(data)])  # in a list: a reference of its own would be resolved to the images
        ray.get(images.reference.remote())  # it exists
        yield


class _Images:
    """An actor that hands the reference of the images to other processes; it ends with the process that made it."""

    def __init__(self, references: list[Any]):
        self.references = references

    def reference(self) -> list[Any]:
        return self.references


def _images(ray: ModuleType, data: arrays.Labelled) -> Any:
    """Return a reference to the images in the object store, that of `shared_images` if there is one."""
    try:
        images = ray.get_actor(_name(data), _namespace())
        return ray.get(images.reference.remote())[0]
    except (ValueError, ray.exceptions.RayActorError):  # there is none, or it is about to end
        return ray.put(data)


def _name(data: arrays.Labelled) -> str:
    digest = hashlib.sha256()
    for array in data:
        digest.update(array.data)
    return f"images {digest.hexdigest()}"


def _namespace() -> str:
    """Name this folder on this machine, so that projects that share a cluster do not share images."""
    return f"digits {hashlib.sha256(f'{socket.gethostname()} {Path.cwd()}'.encode()).hexdigest()[:16]}"


def _train(data: arrays.Labelled, member: int, settings: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    """Train on the node: the remote side of `train_member`."""
    node = socket.gethostname()
    for name, version in versions.items():
        found = _versions().get(name)
        if found != version:
            raise InputError(
                f"node {node} has {name} {found or 'not installed'}, this machine has {version}: another version may "
                "change the result; install requirements.txt and requirements-cluster.txt on each node"
            )
    with quiet.native_log_hidden():
        from digits.model import training
    try:
        with tempfile.TemporaryDirectory() as work:
            return vars(training.train_member(data, member, settings, Path(work)))
    except Exception as error:  # by name, as in `errors.run`
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            raise _out_of_memory(f"on node {node}") from None
        raise


def _versions() -> dict[str, str]:
    """Return the versions of Python and PACKAGES; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _await_node(ray: ModuleType, task: Any, cpus: int, gpus: float) -> None:
    """Wait until the cluster has a node that is large enough for the task; an autoscaler starts one for it.

    Raises:
        InputError: there is none after NODE_TIMEOUT seconds.
    """
    needs = f"{cpus} CPUs" + (f" and {gpus:g} GPUs" if gpus else "")
    limit = time.monotonic() + NODE_TIMEOUT
    told = False
    while not ray.wait([task], timeout=0)[0]:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
            return
        largest = ", ".join(sorted({f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in nodes}))
        missing = f"no node of the Ray cluster has {needs}; its nodes have {largest}"
        if time.monotonic() > limit:
            raise InputError(f"{missing}; lower compute.threads or compute.gpus in params.yaml, or add such a node")
        if not told:
            print(f"{missing}; waiting up to {NODE_TIMEOUT} s for another one", flush=True)
            told = True
        time.sleep(1)


@contextmanager
def _explained(ray: ModuleType, member: int) -> Iterator[None]:
    """Convert the failures of a task that no change of the code could prevent to an InputError."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise InputError(str(error.cause)) from None
        raise  # with the traceback of the node
    except ray.exceptions.OutOfMemoryError:
        raise _out_of_memory("on its node, so Ray ended it") from None
    except (ray.exceptions.RayError, ConnectionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"the Ray cluster could not train member {member} ({type(error).__name__}: {reason}); run the same command "
            "again"
        ) from None


def _out_of_memory(where: str) -> InputError:
    return InputError(
        f"the training ran out of memory {where}; lower batch_size or network.width in params.yaml, or raise "
        "compute.threads, so that fewer trainings share a node"
    )
