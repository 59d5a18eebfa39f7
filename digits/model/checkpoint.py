"""Checkpoints: a training that is killed resumes after its last epoch and ends in the same bytes.

.work/member-K-<key>/state.npz    the network, the optimizer, the best weights so far and the history
.work/member-K-<key>/model.md5    the MD5 of the model file, once the training has finished
.work/member-K.lock, .pid         the lock of the process that trains member K, and its process id

The key is a hash of everything that the training reads, so a checkpoint is never used with other settings, data or
code. A finished training is kept until dvc.lock records its model file, because DVC deletes the outputs of a stage
that was killed before that.

Keras's BackupAndRestore (3.15) would save about 40 lines here and in training.py, but it writes the weights and the
epoch to two files in place: a kill between the two gave other weights, and a kill inside the second made every later
start fail with a JSONDecodeError, also with double_checkpoint=True.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel

from digits import errors, files
from digits.errors import InputError
from digits.model import model_file

WORK = Path(".work")
DVC_LOCK = Path("dvc.lock")


def key(stage: str, params: BaseModel) -> str:
    """Hash what a stage of dvc.yaml reads: the contents of its deps, its params, and the versions of the packages."""
    digest = hashlib.sha256(params.model_dump_json().encode())
    for package in ("keras", "tensorflow", "numpy"):
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    definition = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    for dependency in definition["deps"]:
        digest.update(f"{dependency} {hashlib.sha256(Path(dependency).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


@contextmanager
def lock_member(member: int, key: str) -> Iterator[Path]:
    """Lock a member for this process, and yield the folder of its checkpoint.

    The caller writes the model file before it leaves the context.

    Raises:
        InputError: another process trains this member, the disk is full, or the folder is not writable.
    """
    folder = WORK / f"member-{member}-{key}"
    with lock(f"member-{member}", f"member {member} is being trained"):
        _remove_obsolete(member, folder)
        folder.mkdir(exist_ok=True)
        yield folder
        _completed(folder).write_text(_md5(model_file.path(member)))


@contextmanager
def lock(name: str, activity: str) -> Iterator[None]:
    """Let one process at a time do something in this folder.

    Args:
        name: of the lock.
        activity: what the process that has the lock does, for the message.

    Raises:
        InputError: another process has the lock, the disk is full, or the folder is not writable.
    """
    owner, held = WORK / f"{name}.pid", filelock.FileLock(WORK / f"{name}.lock", blocking=False)
    try:
        with errors.explain_os_errors(WORK):
            WORK.mkdir(exist_ok=True)
            held.acquire()
    except filelock.Timeout:
        pid = owner.read_text().strip() if owner.exists() else "unknown"
        raise InputError(f"{activity} by process {pid}; wait until it ends, or end it (kill {pid})") from None
    with held:
        with files.atomic_write(owner) as partial:
            partial.write_text(f"{os.getpid()}\n")
        try:
            yield
        finally:
            owner.unlink()
            Path(held.lock_file).unlink(missing_ok=True)


def remove_completed() -> None:
    """Delete the finished trainings; a later stage calls this, when dvc.lock records all of them."""
    for completed in WORK.glob("member-*/model.md5"):
        shutil.rmtree(completed.parent)


def _remove_obsolete(member: int, folder: Path) -> None:
    for other in WORK.glob(f"member-{member}-*"):
        completed = _completed(other)
        if other == folder and not (completed.exists() and completed.read_text() == _recorded_md5(member)):
            continue
        if not completed.exists():
            print(f"deleting an unfinished training with other settings, data or code: {other}", flush=True)
        shutil.rmtree(other)


def _completed(folder: Path) -> Path:
    return folder / "model.md5"


def _recorded_md5(member: int) -> str | None:
    """Look up the MD5 of the member's model file in the entry of its own stage in dvc.lock."""
    if not DVC_LOCK.exists():
        return None
    stages = (yaml.safe_load(DVC_LOCK.read_text(encoding="utf-8")) or {}).get("stages", {})
    outputs = stages.get(f"train@{member}", {}).get("outs", [])
    return next((out["md5"] for out in outputs if out["path"] == model_file.path(member).as_posix()), None)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


class Checkpoint:
    """The state of a training: saved atomically after each epoch, and restored bit for bit."""

    def __init__(self, folder: str | Path, model: Any):
        """Use state.npz in `folder` for a compiled Keras model, which is built in the same way each time."""
        self.path = Path(folder) / "state.npz"
        self.model = model
        self.history: list[dict[str, float]] = []
        self.best_weights: list[NDArray[np.float32]] | None = None
        self.finished = False
        model.optimizer.build(model.trainable_variables)

    def save(self) -> None:
        """Write the current state.

        Raises:
            InputError: the disk is full, or the folder is not writable.
        """
        arrays = {f"variable_{i}": np.asarray(variable) for i, variable in enumerate(self._variables())}
        arrays |= {f"best_{i}": weights for i, weights in enumerate(self.best_weights or [])}
        notes = json.dumps({"history": self.history, "finished": self.finished})
        with files.atomic_write(self.path) as partial, open(partial, "wb") as file:
            np.savez(file, notes=np.frombuffer(notes.encode(), np.uint8), **arrays)  # type: ignore[arg-type]

    def restore(self) -> None:
        """Restore the saved state, if there is one; a damaged file is reported and not used."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                state = {name: arrays[name] for name in arrays.files}
            notes = json.loads(state["notes"].tobytes())
            history, finished = notes["history"], notes["finished"]
            variables = _matching(self._variables(), state, "variable")
            best = _matching(self.model.weights, state, "best")
        except FileNotFoundError:
            return
        except (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile):
            print(f"{self.path} is damaged or of another network: training restarts at the first epoch", flush=True)
            return
        for variable, value in zip(self._variables(), variables, strict=True):
            variable.assign(value)
        self.history, self.finished, self.best_weights = history, finished, best
        print(f"training resumes after epoch {len(history)}", flush=True)

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]


def _matching(variables: Sequence[Any], state: dict[str, NDArray], name: str) -> list[NDArray]:
    """Return the saved arrays `name`_0, `name`_1, …; they must have the shapes and dtypes of `variables`."""
    saved = [state[f"{name}_{i}"] for i in range(len(variables))]
    if [(tuple(array.shape), str(array.dtype)) for array in saved] != [
        (tuple(variable.shape), str(variable.dtype)) for variable in variables
    ]:
        raise ValueError("the shapes or dtypes differ")
    return saved
