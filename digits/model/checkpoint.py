"""Checkpoints: a training that is killed resumes after its last epoch and ends in the same bytes.

.work/member-K-<key>.npz holds the network, the optimizer and the history. It is replaced after each epoch and deleted
at the end. The key is a hash of everything that the training reads, so a checkpoint is never used with other settings,
data or code. Two processes that train the same member write the same bytes, so they need no lock.

Keras's BackupAndRestore (3.15) is not used: it writes the weights and the epoch to two files in place, so a kill
between the two gave other weights, and it does not restore the random state of Dropout.
"""

import hashlib
import importlib.metadata
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel

from digits import files

WORK = Path(".work")


def find(stage: str, member: int, params: BaseModel) -> Path:
    """Return the path of a member's checkpoint, and delete its checkpoints of other settings, data or code."""
    path = WORK / f"member-{member}-{key(stage, params.model_dump())}.npz"
    for other in WORK.glob(f"member-{member}-*.npz"):
        if other != path:
            print(f"deleting an unfinished training with other settings, data or code: {other}", flush=True)
            other.unlink(missing_ok=True)
    return path


def key(stage: str, settings: dict[str, Any]) -> str:
    """Hash settings and what a stage of dvc.yaml reads: the files and folders of its deps, and the package versions."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for package in ("keras", "tensorflow", "numpy"):
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    for dependency in yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]["deps"]:
        path = Path(dependency)
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


class Checkpoint:
    """The state of a training in one file: saved atomically after an epoch, and restored bit for bit."""

    def __init__(self, path: str | Path, model: Any):
        """Use `path` for a compiled Keras model, which is built in the same way each time."""
        self.path = Path(path)
        self.model = model
        self.history: list[dict[str, float]] = []
        model.optimizer.build(model.trainable_variables)

    def save(self) -> None:
        """Write the current state.

        Raises:
            InputError: the disk is full, or the folder is not writable.
        """
        arrays = {f"variable_{i}": np.asarray(variable) for i, variable in enumerate(self._variables())}
        history = np.frombuffer(json.dumps(self.history).encode(), np.uint8)
        with files.atomic_write(self.path) as partial, open(partial, "wb") as file:
            np.savez(file, history=history, **arrays)  # type: ignore[arg-type]

    def restore(self) -> None:
        """Restore the saved state, if there is one; a damaged file is reported and not used."""
        variables = self._variables()
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                history = json.loads(arrays["history"].tobytes())
                saved = [arrays[f"variable_{i}"] for i in range(len(variables))]
        except FileNotFoundError:
            return
        except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile):
            print(f"{self.path} is damaged: training restarts at the first epoch", flush=True)
            return
        for variable, value in zip(variables, saved, strict=True):
            variable.assign(value)
        self.history = history
        print(f"training resumes after epoch {len(history)}", flush=True)

    def delete(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]
