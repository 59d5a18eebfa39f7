"""Fit a network so that stopping and going on ends in the same bytes as never stopping."""

import importlib.metadata
import math
import platform
import sys

from dvclive import Live

from digits.errors import InputError
from digits.model.backend import feed, keras
from digits.model.optimizer import Muon

VALIDATION_BATCH = 500


def compile(network, lr, steps, weight_decay, label_smoothing):
    """Give the network its loss and its optimizer, Muon with a cosine decay to zero.

    Args:
        lr: learning rate of the first step.
        steps: batches in the whole training.
    """
    schedule = keras.optimizers.schedules.CosineDecay(initial_learning_rate=lr, decay_steps=steps)
    optimizer = Muon(schedule, weight_decay=weight_decay, adam_weight_decay=weight_decay)
    optimizer.build(network.trainable_variables)
    network.compile(
        optimizer,
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing),
        metrics=["accuracy"],
    )
    nothing = keras.ops.zeros((1, *network.output_shape[1:]))
    network.compute_metrics(
        None, nothing, nothing
    )  # builds them; what is not built by now lets the graph be built twice


def fit(network, batches, validation, patience, checkpoint, live_folder):
    """Train the network and leave it with the weights of its best epoch, the one of the least validation loss.

    Args:
        network: compiled.
        batches: AugmentedBatches, from the epoch on at which the checkpoint stands.
        validation: images (V, 28, 28) uint8 and one-hot labels (V, 10).
        patience: epochs without a better validation loss after which training stops.
        checkpoint: Checkpoint, restored.
        live_folder: where DVCLive writes the curves.

    Raises:
        InputError: the loss became NaN.
    """
    live = Live(str(live_folder), dvcyaml=None, save_dvc_exp=False, report=None)
    for logs in checkpoint.history:
        _log_epoch(live, logs)
    if not checkpoint.finished:
        early_stopping = keras.callbacks.EarlyStopping("val_loss", patience=patience)
        network.fit(
            feed(batches),
            shuffle=False,  # Keras would mix the epochs' batches; the order within an epoch is drawn already
            steps_per_epoch=batches.steps,
            initial_epoch=batches.first_epoch,
            epochs=batches.epochs,
            validation_data=feed(_InOrder(*validation)),
            callbacks=[_StopOnNaN(), early_stopping, _KeepEpoch(checkpoint, batches.epochs, early_stopping, live)],
            verbose=1 if sys.stdout.isatty() else 2,
        )
    live.end()
    network.set_weights(checkpoint.best_weights)


def versions():
    """Say what trains here: {"python": "3.11.9", "keras": …, …}, with the backend that does the arithmetic."""
    packages = "keras", keras.backend.backend(), "numpy", "scipy"
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


class _InOrder(keras.utils.PyDataset):
    """Images and their targets, batch after batch."""

    def __init__(self, images, targets):
        super().__init__()
        self.images, self.targets = images, targets

    def __len__(self):
        return -(-len(self.images) // VALIDATION_BATCH)

    def __getitem__(self, index):
        batch = slice(index * VALIDATION_BATCH, (index + 1) * VALIDATION_BATCH)
        return self.images[batch], self.targets[batch]


def _log_epoch(live, logs):
    for name, value in logs.items():
        part = "validation" if name.startswith("val_") else "train"
        live.log_metric(f"{part}/{name.removeprefix('val_')}", value)
    live.next_step()


class _StopOnNaN(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise InputError(
                f"the loss became {logs['loss']} in batch {batch + 1}: training diverged; lower lr in params.yaml"
            )


class _KeepEpoch(keras.callbacks.Callback):
    """Log each epoch and checkpoint it; of a resumed training, tell early stopping what came before."""

    def __init__(self, checkpoint, epochs, early_stopping, live):
        super().__init__()
        self.checkpoint, self.epochs, self.early_stopping, self.live = checkpoint, epochs, early_stopping, live

    def on_train_begin(self, logs=None):
        for epoch, past in enumerate(self.checkpoint.history):
            self.early_stopping.on_epoch_end(epoch, past)

    def on_epoch_end(self, epoch, logs=None):
        logs = {**logs, "learning_rate": float(self.model.optimizer.learning_rate)}
        history = self.checkpoint.history
        if all(logs["val_loss"] < past["val_loss"] for past in history):
            self.checkpoint.best_weights = self.model.get_weights()
        history.append(logs)
        self.checkpoint.finished = self.model.stop_training or epoch + 1 == self.epochs
        self.checkpoint.save()
        _log_epoch(self.live, logs)
