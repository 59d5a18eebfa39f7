"""Train one network of one recipe and measure it: `python -m benchmarks.train RECIPE SEED OUT [--quick] [--untimed]`.

data/incoming/train.csv → OUT.json, the measurements; OUT.npy, the probabilities (V, 10) of the unseen images

The unseen images, which train no network of the benchmark, are the held-out ones and fold 0, together 19 %. The clock
starts with `fit`, includes the building of its graph, and stops while the network is evaluated.
"""

import argparse
import math
import re
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.recipes import RECIPES
from digits import arrays, errors, files
from digits.data import kaggle_csv, sources
from digits.data.splits import assign_folds
from digits.model import augmentation, backend, prediction
from digits.model.backend import keras

PARTS = 16  # measurements within each of the first epochs
FINE_EPOCHS = 2
BATCH = 500


class Measure(keras.callbacks.Callback):
    """Record [seconds of training, accuracy on unseen images] at the end of each epoch and within the first ones."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels = images, labels
        self.curve, self.paused, self.epoch = [], 0.0, 0

    def on_train_begin(self, logs=None):
        self.model.predict_on_batch(self.images[:BATCH])  # builds the graph of prediction
        self.begin = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        steps = self.params["steps"]
        part = max(1, steps // PARTS)
        if self.epoch < FINE_EPOCHS and (batch + 1) % part == 0 and batch + 1 < steps:
            self._measure()

    def on_epoch_end(self, epoch, logs=None):
        logs["val_accuracy"] = self._measure()  # for the recipes whose learning rate follows it

    def _measure(self):
        now = time.perf_counter()
        predicted = np.concatenate(
            [
                np.asarray(self.model.predict_on_batch(self.images[i : i + BATCH])).argmax(axis=1)
                for i in range(0, len(self.images), BATCH)
            ]
        )
        accuracy = float((predicted == self.labels).mean())
        self.curve.append([round(now - self.begin - self.paused, 2), round(accuracy, 6)])
        self.paused += time.perf_counter() - now
        return accuracy


def read_folds():
    """Read Kaggle's labelled images (N, 28, 28), their labels (N,), and the pipeline's folds (N,).

    Raises:
        InputError: the file is missing, or is not Kaggle's.
    """
    path = sources.INCOMING / "train.csv"
    if not path.is_file():
        raise errors.InputError(f"the benchmark needs {path}; unpack Kaggle's digit-recognizer.zip there")
    images, labels = kaggle_csv.read_train(path)
    return images, labels, assign_folds(images, labels, test=0.1, folds=10, seed=1)


def read_split():
    """Read the images, the labels, and the mask (N,) of the benchmark's training images."""
    images, labels, fold = read_folds()
    return images, labels, (fold != 0) & (fold != arrays.HELD_OUT)


def multiply_accumulates(model):
    """Count the multiply-accumulates of the convolutions and dense layers for one image."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            total += np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:3])
        elif isinstance(layer, keras.layers.Dense):
            total += np.prod(layer.kernel.shape)
    return int(total)


def fit(recipe, seed, images, labels, epochs, *callbacks):
    """Train one network of a recipe on images (N, 28, 28) and labels (N,), and return it."""
    backend.configure(precision=recipe.precision)
    keras.utils.set_random_seed(seed)
    batches = augmentation.AugmentedBatches(images, labels, recipe.batch_size, epochs, (seed, 0), recipe.augment)
    model = recipe.build()
    recipe.compile_network(model, batches.steps * epochs)
    model.fit(
        backend.feed(batches),
        shuffle=False,
        steps_per_epoch=batches.steps,
        epochs=epochs,
        callbacks=[*callbacks, *recipe.callbacks()],
        verbose=2,
    )
    return model


def _peak_mb():
    """Return the peak resident memory of this process in MB; `ru_maxrss` includes that of its parent."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 * 1.048576)
    return round(int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) / 1024 * 1.048576)


def main():
    parser = argparse.ArgumentParser(description="Train one network of one recipe and measure it.")
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("seed", type=int)
    parser.add_argument("out")
    parser.add_argument("--quick", action="store_true", help="a tenth of the epochs")
    parser.add_argument("--untimed", action="store_true", help="measure the accuracy alone")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.recipe]
    epochs = max(1, round(recipe.epochs / 10)) if arguments.quick else recipe.epochs

    images, labels, train_mask = read_split()
    measure = Measure(images[~train_mask], labels[~train_mask])
    model = fit(recipe, arguments.seed, images[train_mask], labels[train_mask], epochs, measure)
    seconds, _ = measure.curve[-1]
    probabilities = prediction.predict(model, measure.images, tta_below=math.inf)
    begin = time.perf_counter()
    model.predict(measure.images, batch_size=BATCH, verbose=0)
    predicting = time.perf_counter() - begin

    with files.atomic_write(f"{arguments.out}.npy") as partial, open(partial, "wb") as file:
        np.save(file, probabilities)
    measured = {
        "parameters": model.count_params(),
        "multiply_accumulates": multiply_accumulates(model),
        "epochs": epochs,
        "accuracy": measure.curve[-1][1],
        "accuracy_shifted": round(float((probabilities.argmax(axis=1) == measure.labels).mean()), 6),
        "peak_mb": _peak_mb(),
    }
    if not arguments.untimed:
        measured |= {
            "seconds": seconds,
            "images_per_second": round(epochs * int(train_mask.sum()) / seconds),
            "predicted_per_second": round(len(measure.images) / predicting),
            "curve": measure.curve,
        }
    files.write_json(f"{arguments.out}.json", measured)


if __name__ == "__main__":
    main()
