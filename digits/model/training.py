"""Train a network so that interrupting and resuming it gives the same bytes as an uninterrupted training."""

import importlib.metadata
import math
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits import arrays
from digits.errors import DivergedError, InputError
from digits.model import backend, network
from digits.model.augmentation import AugmentedBatches
from digits.model.backend import keras
from digits.model.calibration import calibrate
from digits.model.checkpoint import Checkpoint
from digits.model.optimizer import Muon

VALIDATION_BATCH = 500


def train_member(
    data: arrays.Labelled, member: int, settings: dict[str, Any], checkpoint_path: str | Path
) -> tuple[bytes, list[dict[str, float]], dict[str, Any]]:
    """Train one member on every fold but its own, to which its temperature is then fitted.

    It depends on nothing but its arguments, so it runs on any machine.

    Args:
        data: images (N, 28, 28) uint8, labels (N,), fold (N,).
        member: number of the member.
        settings: seed, lr, epochs, batch_size, network, augment, regularization, early_stopping and compute, as in
            params.yaml.
        checkpoint_path: the file from which a killed training resumes; deleted at the end.

    Returns:
        the content of the model file, see `network.to_bytes`; the metrics of each epoch, those of fold `member` with
        names that start with val_; and the temperature, what the training ran on, and with which versions.

    Raises:
        InputError: there is no such fold, or the checkpoint cannot be written.
        DivergedError: the loss became NaN or infinite.
    """
    train_mask = (data.fold != member) & (data.fold != arrays.HELD_OUT)
    val_mask = data.fold == member
    if not val_mask.any():
        raise InputError(f"there is no fold {member} to validate on; use a member from 0 to {data.fold.max()}")
    threads, precision = settings["compute"]["threads"], settings["compute"]["precision"]
    keras.utils.clear_session()  # names the layers as in a new process
    device = backend.configure(threads, precision)
    _report_device(member, device, threads, precision)

    keras.utils.set_random_seed(int(np.random.SeedSequence([settings["seed"], member]).generate_state(1)[0]))
    batches = AugmentedBatches(
        data.images[train_mask],
        data.labels[train_mask],
        batch_size=choose_batch_size(settings["batch_size"], int(train_mask.sum())),
        epochs=settings["epochs"],
        seed=(settings["seed"], member),
        bounds=settings["augment"],
    )
    val_images, val_labels = data.images[val_mask], data.labels[val_mask]
    model = network.build(**settings["network"])
    compile_network(model, settings["lr"], batches.steps * batches.epochs, **settings["regularization"])
    checkpoint = Checkpoint(checkpoint_path, model)
    checkpoint.restore()
    targets = np.eye(10, dtype=np.float32)[val_labels]
    fit(model, batches, (val_images, targets), settings["early_stopping"]["patience"], checkpoint)
    trained = network.to_float32(model)
    temperature = calibrate(trained, val_images, val_labels)
    checkpoint.delete()
    details = _versions() | {
        "device": device,
        "threads": threads,
        "precision": precision,
        "batch_size": batches.batch_size,
        "parameters": model.count_params(),
        "temperature": round(temperature, 4),
    }
    return network.to_bytes(trained), checkpoint.history, details


def choose_batch_size(batch_size: int | str, images: int) -> int:
    """Return a number as it is, and for "auto" 256, or less so that an epoch of few images has about 50 steps.

    A small data set needs small batches, or its few steps do not train the network: on the sample, batches of 128
    instead of 64 gave 15.3 instead of 14.0 errors of 1,500 (means of three members).
    """
    return min(256, max(images // 50, 32)) if batch_size == "auto" else int(batch_size)


def _report_device(member: int, device: str, threads: int, precision: str) -> None:
    unused = backend.find_unused_gpu()
    where = f"the CPU with {threads} thread{'s' * (threads > 1)}" if device == "CPU" else device
    note = f"; TensorFlow cannot use the {unused} of this machine, see docs/machines.md" if unused else ""
    print(f"training member {member} on {where} in {precision}{note}", flush=True)


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
) -> None:
    """Train the model; it keeps the weights of the last epoch, since the learning rate has decayed to zero by then.

    Early stopping ends a training that no longer improves, such as one with a far too high learning rate.

    Args:
        model: compiled.
        batches: the whole training; `first_epoch` is set to the checkpoint's.
        validation: images (V, 28, 28) and one-hot labels (V, 10).
        patience: epochs without a lower validation loss after which the training stops.
        checkpoint: restored; at the end its `history` has the metrics of each epoch.

    Raises:
        DivergedError: the loss became NaN or infinite.
        InputError: the disk is full, or the folder is not writable.
    """
    batches.first_epoch = len(checkpoint.history)
    images, labels = validation
    parts = [slice(start, start + VALIDATION_BATCH) for start in range(0, len(images), VALIDATION_BATCH)]
    early_stopping = keras.callbacks.EarlyStopping("val_loss", patience=patience)
    model.fit(
        backend.feed(batches),
        shuffle=False,  # the order is already random, and Keras would mix the epochs
        steps_per_epoch=batches.steps,
        initial_epoch=batches.first_epoch,
        epochs=batches.epochs,
        validation_data=backend.feed([(images[part], labels[part]) for part in parts]),
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            early_stopping,
            _SaveEpoch(checkpoint, batches.epochs, early_stopping),
        ],
        verbose=1 if sys.stdout.isatty() else 2,
    )


def _versions() -> dict[str, str | int]:
    packages = "keras", keras.backend.backend(), "numpy", "scipy"
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}


class _SaveEpoch(keras.callbacks.Callback):
    """Save the checkpoint after each epoch but the last, and replay the history to early stopping when it resumes."""

    def __init__(self, checkpoint, epochs, early_stopping):
        super().__init__()
        self.checkpoint, self.epochs, self.early_stopping = checkpoint, epochs, early_stopping

    def on_train_begin(self, logs=None):
        for epoch, past in enumerate(self.checkpoint.history):
            self.early_stopping.on_epoch_end(epoch, past)

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"training diverged: {name} became {value} in epoch {epoch + 1}; lower lr in params.yaml"
                )
        self.checkpoint.history.append({**logs, "learning_rate": float(self.model.optimizer.learning_rate)})
        if not self.model.stop_training and epoch + 1 < self.epochs:
            self.checkpoint.save()
