"""Search for better settings with Ray Tune and Optuna: `make search`.

search.yaml, params.yaml, data/prepared/labelled.npz → reports/search/trials.csv, reports/search/trials.png

A trial trains one fold after another with its settings. It is evaluated by the log loss of the out-of-fold images; the
held-out images are removed before the search begins. Optuna's TPE suggests the settings, ASHA stops poor trials after
each fold. It runs on the cluster of RAY_ADDRESS, or else on a Ray that is started here and ended at the end.

The finished trials are in .work/search-<key>/trials.json, and the key is a hash of everything that they depend on. A
search that was interrupted or killed keeps them, tells them to Optuna and ASHA, and begins the unfinished ones again.
Tune could restore its own state instead, but copies it in place, so that a kill at that moment loses the whole search.
"""

import hashlib
import importlib.util
import json
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from digits import arrays, errors, versions
from digits.cluster import connection, search_results
from digits.cluster.search_space import AllParams, Search
from digits.errors import InputError
from digits.model import checkpoint
from digits.settings import Section

LABELLED = "data/prepared/labelled.npz"
EVALUATION = "digits/cluster/search_trials.py", "digits/evaluation/metrics.py", "digits/model/ensemble.py"
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # of Tune, which prints a table also where it is told to print nothing
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # they write files
}


class Identity(Section):
    """What the trials depend on, besides what `checkpoint.key` reads."""

    search: dict[str, Any]
    trained: dict[str, Any]
    code: list[str]


def main() -> None:
    params = AllParams.load()
    search = Search.load(params)
    versions.check()
    _check_environment()
    data = without_held_out(arrays.load_labelled(LABELLED))
    with _lock(_key(search, params.trained())) as folder:
        path = folder / "trials.json"
        trials = json.loads(path.read_text()) if path.exists() else []
        if trials:
            print(f"{len(trials)} trials are finished; the search continues", flush=True)
        if len(trials) < search.trials:
            with _connect(params.compute.threads, params.compute.gpus):
                from digits.cluster import search_tuner

                search_tuner.run(search, params.trained(), data, trials, path)
    search_results.report(trials, search, search.default(params.trained()))


def without_held_out(data: arrays.Labelled) -> arrays.Labelled:
    """Return the images of all folds, so that no trial can read a held-out one."""
    kept = data.fold != arrays.HELD_OUT
    return arrays.Labelled(data.images[kept], data.labels[kept], data.fold[kept])


def _check_environment() -> None:
    """Check that Ray and Optuna are installed, and that Ray's address is one that Tune can use."""
    if not all(importlib.util.find_spec(name) for name in ("ray", "optuna")):
        raise InputError("Ray and Optuna are not installed; run `make cluster-setup`")
    address = os.environ.get(connection.ADDRESS, "")
    if address.startswith("ray://"):
        raise InputError(
            f"a search cannot use Ray Client ({connection.ADDRESS}={address}); run `make search` on a node of the "
            f"cluster with {connection.ADDRESS}=auto, or with `ray job submit`"
        )


def _key(search: Search, trained: dict[str, Any]) -> str:
    code = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in EVALUATION]
    identity = Identity(search=search.model_dump(exclude={"trials"}), trained=trained, code=code)
    return checkpoint.key("train", identity)


@contextmanager
def _lock(key: str) -> Iterator[Path]:
    """Lock the search for this process, and yield the folder of its state; delete that of any other search."""
    folder = checkpoint.WORK / f"search-{key}"
    with checkpoint.lock("search", "a search is being run"):
        for other in checkpoint.WORK.glob("search-*"):
            if other != folder:
                print("search.yaml, the settings, the data or the code have changed: a new search begins", flush=True)
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        yield folder


@contextmanager
def _connect(threads: int, gpus: float) -> Iterator[None]:
    """Connect to the cluster of RAY_ADDRESS, or start Ray on this machine; disconnect, or end it, afterwards.

    Raises:
        InputError: the cluster cannot be used, or none of its nodes has the CPUs or GPUs of a trial.
    """
    os.environ |= QUIET
    with connection.connect(show_output=False) if os.environ.get(connection.ADDRESS) else _local_ray(threads) as ray:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if not any(node.get("CPU", 0) >= threads and node.get("GPU", 0) >= gpus for node in nodes):
            raise InputError(
                f"Ray has no node with {threads} CPUs and {gpus:g} GPUs, which one training needs; lower "
                "compute.threads or compute.gpus in params.yaml, or add such a node"
            )
        yield


@contextmanager
def _local_ray(threads: int) -> Iterator[ModuleType]:
    """Start Ray on this machine, for this process alone, and end it and delete its files afterwards."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray

    folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
    try:
        ray.init(
            "local",
            num_cpus=max(threads, os.cpu_count() or 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder.name,
        )
        yield ray
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        raise InputError("Ray did not start within 30 s; try again when the machine is less busy") from None
    finally:
        ray.shutdown()
        folder.cleanup()


if __name__ == "__main__":
    errors.run(main)
