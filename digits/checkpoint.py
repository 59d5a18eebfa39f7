"""A training that can be killed: what it knows after each epoch is kept in .work/, until it has ended well.

.work/member-K-<key>/state.npz holds the network, the optimizer, the best weights so far and the history; the key is a
hash of everything that the training reads, so that a training of other settings, other data or other code is never
taken for this one.
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


def key(stage, params):
    """Hash what a stage of dvc.yaml reads: the contents of its deps, its params, and the packages that do the work."""
    digest = hashlib.sha256(params.model_dump_json().encode())
    for package in ("keras", "tensorflow", "numpy"):
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    definition = yaml.safe_load(Path("dvc.yaml").read_text())["stages"][stage]
    for dependency in definition["deps"]:
        digest.update(f"{dependency} {hashlib.sha256(Path(dependency).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


@contextmanager
def claim(member, key):
    """Yield the folder of one member's unfinished training, which no other process has; it goes when all went well.

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
        raise InputError(f"member {member} is being trained by process {pid}; wait until it ends, or end it (kill {pid})") from None
    with lock:
        owner.write_text(f"{os.getpid()}\n")
        folder = WORK / f"member-{member}-{key}"
        for other in WORK.glob(f"member-{member}-*"):
            if other != folder:
                print(f"an unfinished training with other settings, data or code is dropped: {other}", flush=True)
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        yield folder
        shutil.rmtree(folder)
        owner.unlink()
        Path(lock.lock_file).unlink(missing_ok=True)


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
        with files.replacing(self.path) as partial, open(partial, "wb") as file:
            np.savez(file, notes=np.frombuffer(notes.encode(), np.uint8), **arrays)

    def restore(self):
        """Take up the state that was saved, if there is one; a damaged file is said and not used."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                state = {name: arrays[name] for name in arrays.files}
            notes = json.loads(state["notes"].tobytes())
            variables = [state[f"variable_{i}"] for i in range(len(self._variables()))]
            best = [state[f"best_{i}"] for i in range(len(self.network.get_weights()))]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            print(f"{self.path} is damaged: training begins anew", flush=True)
            return
        for variable, value in zip(self._variables(), variables, strict=True):
            variable.assign(value)
        self.history, self.finished, self.best_weights = notes["history"], notes["finished"], best
        print(f"training goes on after epoch {len(self.history)}", flush=True)
