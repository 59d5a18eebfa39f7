"""Train a member and predict images: what stages and the search run here or on a cluster, see digits/cluster.py.

Keras is imported when a task runs, so that a process that only sends it to a cluster needs no TensorFlow.
"""

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.arrays import Labelled


def train(
    data: Labelled, member: int, settings: dict[str, Any], checkpoint: str | Path
) -> tuple[bytes, list[dict[str, float]], dict[str, Any]]:
    """Train one member; see `digits.model.training.train_member`."""
    from digits.model import training

    return training.train_member(data, member, settings, checkpoint)


def predict(model: bytes, images: NDArray[np.uint8], network: dict[str, Any], threads: int) -> NDArray[np.float32]:
    """Predict images (B, 28, 28) with the content of a model file: probabilities (B, 10).

    Args:
        model: the content of models/member-K.keras.
        images: pixels of 0–255.
        network: the settings of the network, as in params.yaml.
        threads: CPU threads of an operation.

    Raises:
        InputError: the model file does not fit these settings.
    """
    from digits.model import backend, prediction
    from digits.model import network as networks

    backend.configure(threads)
    return prediction.predict(networks.from_bytes(model, **network), images)


def predict_fold(data: Labelled, fold: int, settings: dict[str, Any]) -> NDArray[np.float32]:
    """Train member `fold`, and predict its own fold with it: probabilities (F, 10); print nothing.

    Arguments and errors are those of `train`.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        model, _, _ = train(data, fold, settings, Path(folder) / "checkpoint.npz")
    return predict(model, data.images[data.fold == fold], settings["network"], settings["compute"]["threads"])
