"""The convolutional network, and the file it is kept in."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np

from digits import files
from digits.errors import InputError
from digits.model import model_file
from digits.model.backend import BatchNormalization, keras


def build(width, dropout):
    """Build the untrained network: images (B, 28, 28) of 0–255 in, ten probabilities (B, 10) out.

    Args:
        width: channels of the first convolution; the later ones have two and four times as many.
        dropout: share of the activations dropped before the last layer.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28), name="images"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Reshape((28, 28, 1)),
            *_convolution(width, 5, "valid", pooled=True),
            *_convolution(2 * width, 3, "same"),
            *_convolution(2 * width, 3, "same", pooled=True),
            *_convolution(4 * width, 3, "same"),
            *_convolution(4 * width, 3, "valid"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def _convolution(filters, size, padding, pooled=False):
    return [
        keras.layers.Conv2D(filters, size, padding=padding, use_bias=False),
        *[keras.layers.MaxPooling2D()] * pooled,  # before the two below, which then have a quarter of the work
        BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
    ]


def save(network, path):
    """Write a network without its optimizer to a `.keras` file: the same weights are the same bytes.

    Keras writes the date and addresses in memory into the archive; here the date is always the same one, and the
    addresses are numbered in the order in which they appear.
    """
    layers = [layer.plain() if isinstance(layer, BatchNormalization) else layer for layer in network.layers]
    bare = keras.Sequential([keras.Input((28, 28), name="images"), *layers], name=network.name)
    with files.atomic_write(path) as partial:
        dated = partial.with_name(f".partial-dated-{Path(path).name}")
        try:
            bare.save(dated)
            with zipfile.ZipFile(dated) as archive, zipfile.ZipFile(partial, "w") as timeless:
                for name in sorted(archive.namelist()):
                    timeless.writestr(zipfile.ZipInfo(name), _timeless(name, archive.read(name)))
        finally:
            dated.unlink(missing_ok=True)


def _timeless(name, content):
    if name == "metadata.json":
        return json.dumps(json.loads(content) | {"date_saved": "1980-01-01@00:00:00"})
    if name == "config.json":
        addresses = list(dict.fromkeys(re.findall(rb'"shared_object_id": (\d+)', content)))
        return re.sub(rb'(?<="shared_object_id": )\d+', lambda found: b"%d" % addresses.index(found[0]), content)
    return content


def load(path):
    """Read a network for predicting: one that `save` wrote, or somebody else's, as long as it is arithmetic alone.

    Raises:
        InputError: there is no such file, or it is no network from 28×28 images to ten probabilities.
    """
    if not Path(path).exists():
        raise InputError(f"{path} is missing; `dvc repro` trains one")
    try:
        model_file.check(path)
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
        shapes = network.input_shape, network.output_shape
    except ValueError as error:  # ours, or Keras's, which is several lines long
        raise _no_model(path, str(error).split("\n")[0][:120]) from None
    except Exception as error:  # whatever a broken archive makes of Keras, h5py and zipfile
        raise _no_model(path, type(error).__name__) from None
    if shapes != ((None, 28, 28), (None, 10)):
        raise InputError(f"{path} takes {shapes[0]} and gives {shapes[1]}, not 28×28 images and ten probabilities")
    probe = np.stack([np.zeros((28, 28)), np.full((28, 28), 255), np.arange(784).reshape(28, 28) % 256]).astype(
        np.float32
    )
    said = np.asarray(network(probe, training=False))
    if not all(np.isfinite(weights).all() for weights in network.get_weights()) or not _are_probabilities(said):
        raise InputError(
            f"{path} gives numbers that are no probabilities, {said.flat[0]:.3g} for one; `dvc repro` trains one"
        )
    return network


def _are_probabilities(values):
    return bool((values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3))


def _no_model(path, reason):
    return InputError(f"{path} is no model of this project ({reason}); `dvc repro` trains one")
