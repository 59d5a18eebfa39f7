"""A training that can be killed: what it knows after each epoch is kept in .work/, until it has ended well.

.work/member-K-<key>/state.npz holds the network, the optimizer, the best weights so far and the history; the key is a
hash of everything that the training reads, so that a training of other settings, other data or other code is never
taken for this one. A training that has ended stays as .work/ended-member-K-<key>/ until DVC has recorded its outputs in
dvc.lock: killed before that, DVC would delete them and begin again.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import zipfile
from contextlib import contextmanager
from pathlib import Path

import filelock
import numpy as np
import yaml

from digits import files
from digits.errors import InputError

WORK = Path(".work")
RECORD = Path("dvc.lock")


def key(stage, params):
    """Hash what a stage of dvc.yaml reads: the contents of its deps, its params, and the packages that do the work."""
    digest = hashlib.sha256(params.model_dump_json().encode())
    for package in ("keras", "tensorflow", "numpy"):
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    definition = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    for dependency in definition["deps"]:
        digest.update(f"{dependency} {hashlib.sha256(Path(dependency).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


@contextmanager
def lock_member(member, key):
    """Yield the folder of one member's unfinished training, which no other process has.

    Raises:
        InputError: another process trains this member.
    """
    WORK.mkdir(exist_ok=True)
    owner = WORK / f"member-{member}.pid"
    lock = filelock.FileLock(WORK / f"member-{member}.lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        pid = owner.read_text().strip() if owner.exists() else "unknown"
        raise InputError(
            f"member {member} is being trained by process {pid}; wait until it ends, or end it (kill {pid})"
        ) from None
    with lock:
        with files.atomic_write(owner) as partial:
            partial.write_text(f"{os.getpid()}\n")
        folder = WORK / f"member-{member}-{key}"
        ended = WORK / f"ended-{folder.name}"
        if ended.exists() and not _recorded(ended):
            shutil.rmtree(folder, ignore_errors=True)
            ended.rename(folder)
        for other in WORK.glob(f"ended-member-{member}-*"):
            shutil.rmtree(other)
        for other in WORK.glob(f"member-{member}-*"):
            if other != folder:
                print(f"an unfinished training with other settings, data or code is dropped: {other}", flush=True)
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        yield folder
        os.utime(folder)
        folder.rename(ended)
        owner.unlink()
        Path(lock.lock_file).unlink(missing_ok=True)


def remove_completed():
    """Delete what is left of trainings that have ended, once DVC has recorded them: another stage may begin."""
    for ended in WORK.glob("ended-*"):
        shutil.rmtree(ended)


def _recorded(ended):
    return RECORD.exists() and RECORD.stat().st_mtime_ns >= ended.stat().st_mtime_ns


class Checkpoint:
    """The state of a training in a folder: saved whole after each epoch, restored to the bit."""

    def __init__(self, folder, network):
        """`network` is compiled, and of the same build each time."""
        self.path = Path(folder) / "state.npz"
        self.network = network
        self.history = []
        self.best_weights = None
        self.finished = False
        network.optimizer.build(network.trainable_variables)

    def _variables(self):
        return [*self.network.variables, *self.network.optimizer.variables]

    def save(self):
        """Write the state as it is now."""
        arrays = {f"variable_{i}": np.asarray(variable) for i, variable in enumerate(self._variables())}
        arrays |= {f"best_{i}": weights for i, weights in enumerate(self.best_weights)}
        notes = json.dumps({"history": self.history, "finished": self.finished})
        with files.atomic_write(self.path) as partial, open(partial, "wb") as file:
            np.savez(file, notes=np.frombuffer(notes.encode(), np.uint8), **arrays)

    def restore(self):
        """Take up the state that was saved, if there is one; a damaged file is said and not used."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                state = {name: arrays[name] for name in arrays.files}
            notes = json.loads(state["notes"].tobytes())
            history, finished = notes["history"], notes["finished"]
            variables = _like([np.asarray(variable) for variable in self._variables()], state, "variable")
            best = _like(self.network.get_weights(), state, "best")
        except FileNotFoundError:
            return
        except (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile):
            print(f"{self.path} is damaged or of another network: training begins anew", flush=True)
            return
        for variable, value in zip(self._variables(), variables, strict=True):
            variable.assign(value)
        self.history, self.finished, self.best_weights = history, finished, best
        print(f"training goes on after epoch {len(history)}", flush=True)


def _like(arrays, state, name):
    """The saved arrays `name`_0, `name`_1, …, which must be of the same shapes and types as `arrays`."""
    saved = [state[f"{name}_{i}"] for i in range(len(arrays))]
    if [(array.shape, array.dtype) for array in saved] != [(array.shape, array.dtype) for array in arrays]:
        raise ValueError("other shapes")
    return saved
