"""Train a network so that interrupting and resuming it gives the same bytes as an uninterrupted training."""

import importlib.metadata
import math
import platform
import sys
from pathlib import Path

import numpy as np
from dvclive import Live
from numpy.typing import NDArray

from digits import errors
from digits.errors import InputError
from digits.model.augmentation import AugmentedBatches
from digits.model.backend import feed, keras
from digits.model.checkpoint import Checkpoint
from digits.model.optimizer import Muon

VALIDATION_BATCH = 500


def compile_network(model: keras.Model, lr: float, steps: int, weight_decay: float, label_smoothing: float) -> None:
    """Compile the model with its loss and with Muon, whose learning rate decays to zero along a cosine.

    Args:
        model: images in, ten probabilities out.
        lr: learning rate of the first step.
        steps: batches of the whole training.
        weight_decay: fraction of the weights that a step of lr 1 would subtract.
        label_smoothing: fraction of each label that is spread over all ten.
    """
    schedule = keras.optimizers.schedules.CosineDecay(initial_learning_rate=lr, decay_steps=steps)
    optimizer = Muon(schedule, weight_decay=weight_decay, adam_weight_decay=weight_decay)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
    model.compile(optimizer, loss=loss, metrics=["accuracy"])
    # builds the metrics; otherwise `fit` builds its graph twice
    zeros = keras.ops.zeros((1, *model.output_shape[1:]))
    model.compute_metrics(None, zeros, zeros)


def fit(
    model: keras.Model,
    batches: AugmentedBatches,
    validation: tuple[NDArray[np.uint8], NDArray[np.float32]],
    patience: int,
    checkpoint: Checkpoint,
    live_folder: str | Path,
) -> None:
    """Train the model, and restore the weights of its best epoch, the one with the lowest validation loss.

    Args:
        model: compiled.
        batches: the whole training; `first_epoch` is set to the checkpoint's.
        validation: images (V, 28, 28) and one-hot labels (V, 10).
        patience: epochs without a lower validation loss after which the training stops.
        checkpoint: restored.
        live_folder: where DVCLive writes the curves.

    Raises:
        InputError: the loss became NaN or infinite, the disk is full, or the folder is not writable.
    """
    batches.first_epoch = len(checkpoint.history)
    images, labels = validation
    parts = [slice(start, start + VALIDATION_BATCH) for start in range(0, len(images), VALIDATION_BATCH)]
    if not checkpoint.finished:
        early_stopping = keras.callbacks.EarlyStopping("val_loss", patience=patience)
        model.fit(
            feed(batches),
            shuffle=False,  # the order is already random, and Keras would mix the epochs
            steps_per_epoch=batches.steps,
            initial_epoch=batches.first_epoch,
            epochs=batches.epochs,
            validation_data=feed([(images[part], labels[part]) for part in parts]),
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                early_stopping,
                _SaveEpoch(checkpoint, batches.epochs, early_stopping),
            ],
            verbose=1 if sys.stdout.isatty() else 2,
        )
    model.set_weights(checkpoint.best_weights)
    with errors.explain_os_errors(live_folder):
        _log(checkpoint.history, live_folder)


def versions() -> dict[str, str]:
    """Look up what trains the network: {"python": "3.11.9", "keras": …, …}."""
    packages = "keras", keras.backend.backend(), "numpy", "scipy"
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def _log(history: list[dict[str, float]], folder: str | Path) -> None:
    with Live(str(folder), dvcyaml=None, save_dvc_exp=False, report=None) as live:
        for logs in history:
            for name, value in logs.items():
                part = "validation" if name.startswith("val_") else "train"
                live.log_metric(f"{part}/{name.removeprefix('val_')}", value)
            live.next_step()


class _SaveEpoch(keras.callbacks.Callback):
    """Save the checkpoint after each epoch, and replay the history of a resumed training to early stopping."""

    def __init__(self, checkpoint, epochs, early_stopping):
        super().__init__()
        self.checkpoint, self.epochs, self.early_stopping = checkpoint, epochs, early_stopping

    def on_train_begin(self, logs=None):
        for epoch, past in enumerate(self.checkpoint.history):
            self.early_stopping.on_epoch_end(epoch, past)

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            if not math.isfinite(value):
                raise InputError(
                    f"training diverged: {name} became {value} in epoch {epoch + 1}; lower lr in params.yaml"
                )
        history = self.checkpoint.history
        if all(logs["val_loss"] < past["val_loss"] for past in history):
            self.checkpoint.best_weights = self.model.get_weights()
        history.append({**logs, "learning_rate": float(self.model.optimizer.learning_rate)})
        self.checkpoint.finished = self.model.stop_training or epoch + 1 == self.epochs
        self.checkpoint.save()
