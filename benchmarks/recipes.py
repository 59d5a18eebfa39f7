"""The recipes that the benchmark trains: three well-known ones, rebuilt from their descriptions, and ours.

keras-example   https://keras.io/examples/vision/mnist_convnet
ghouzam         "Introduction to CNN Keras - 0.997 (top 6%)", Kaggle 2017
deotte          "25 Million Images! [0.99757] MNIST", Kaggle 2018
our-…           params.yaml, and the variants of it in the README

All use our augmentation, so that none is slowed down by an older one. Shifts that a recipe gives as a fraction of the
side are in pixels here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from digits.model import network, training
from digits.model.backend import keras

layers = keras.layers

PARAMS = Path(__file__).parent.parent / "params.yaml"

# the settings that `dvc exp run -S name=value …` changes for each of our variants
VARIANTS = {
    "fast": {
        "epochs": 4,
        "batch_size": 256,
        "lr": 0.02,
        "network.width": 16,
        "network.dropout": 0,
        "regularization.label_smoothing": 0.1,
        "augment.rotate": 5,
        "augment.zoom": 0.05,
        "augment.shift": 1,
        "augment.shear": 5,
    },
    "default": {},
    "bfloat16": {"compute.precision": "mixed_bfloat16"},
    "best": {"members": list(range(10))},
}

NO_AUGMENTATION = {"rotate": 0, "zoom": 0, "shift": 0, "shear": 0}


@dataclass(frozen=True)
class Recipe:
    """How to build and train one network.

    build: () → untrained network, images (B, 28, 28) of 0–255 in, ten probabilities out.
    compile_network: (network, steps of the whole training) → None.
    callbacks: () → the recipe's own callbacks.
    networks: number of networks whose probabilities are averaged.
    precision: of the training, see `backend.configure`.
    """

    build: Callable
    compile_network: Callable
    epochs: int
    batch_size: int
    augment: dict
    callbacks: Callable = list
    networks: int = 1
    precision: str = "float32"


def _network(*body):
    return keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Reshape((28, 28, 1)), *body])


def _compile(optimizer):
    return lambda model, steps: model.compile(optimizer(), "categorical_crossentropy", metrics=["accuracy"])


def _keras_example():
    return _network(
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )


def _ghouzam():
    return _network(
        layers.Conv2D(32, 5, padding="same", activation="relu"),
        layers.Conv2D(32, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(strides=2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )


def _halve_on_plateau():
    return [keras.callbacks.ReduceLROnPlateau("val_accuracy", mode="max", factor=0.5, patience=3, min_lr=1e-5)]


def _deotte():
    def convolution(*arguments, **options):
        return layers.Conv2D(*arguments, activation="relu", **options), layers.BatchNormalization()

    return _network(
        *convolution(32, 3),
        *convolution(32, 3),
        *convolution(32, 5, strides=2, padding="same"),
        layers.Dropout(0.4),
        *convolution(64, 3),
        *convolution(64, 3),
        *convolution(64, 5, strides=2, padding="same"),
        layers.Dropout(0.4),
        *convolution(128, 4),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    )


def _decay_each_epoch():
    return [keras.callbacks.LearningRateScheduler(lambda epoch: 1e-3 * 0.95**epoch)]


def settings(changes=()):
    """Read params.yaml and apply `changes`, {dotted name: value}."""
    values = yaml.safe_load(PARAMS.read_text())
    for name, value in dict(changes).items():
        *path, key = name.split(".")
        section = values
        for part in path:
            section = section[part]
        if key not in section:
            raise KeyError(f"params.yaml has no {name}")
        section[key] = value
    return values


def ours(changes=()):
    """Return the recipe of params.yaml with `changes` applied."""
    params = settings(changes)
    return Recipe(
        build=lambda: network.build(**params["network"]),
        compile_network=lambda model, steps: training.compile_network(
            model, params["lr"], steps, **params["regularization"]
        ),
        epochs=params["epochs"],
        batch_size=training.choose_batch_size(params["batch_size"], images=34_020),
        augment=params["augment"],
        networks=len(params["members"]),
        precision=params["compute"]["precision"],
    )


RECIPES = {
    "keras-example": Recipe(
        _keras_example, _compile(keras.optimizers.Adam), epochs=12, batch_size=128, augment=NO_AUGMENTATION
    ),
    "ghouzam": Recipe(
        _ghouzam,
        _compile(lambda: keras.optimizers.RMSprop(1e-3)),
        epochs=30,
        batch_size=86,
        augment={"rotate": 10, "zoom": 0.1, "shift": 2.8, "shear": 0},
        callbacks=_halve_on_plateau,
    ),
    "deotte": Recipe(
        _deotte,
        _compile(keras.optimizers.Adam),
        epochs=45,
        batch_size=64,
        augment={"rotate": 10, "zoom": 0.1, "shift": 2.8, "shear": 0},
        callbacks=_decay_each_epoch,
    ),
    "our-fast-bfloat16": ours(VARIANTS["fast"] | VARIANTS["bfloat16"]),
} | {f"our-{name}": ours(changes) for name, changes in VARIANTS.items()}
