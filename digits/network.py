"""The convolutional network, and the file it is kept in."""

import json
import re
import zipfile
from pathlib import Path

from digits import files
from digits.backend import keras
from digits.errors import InputError


def build(width, dropout):
    """Build the untrained network: images (B, 28, 28) of 0–255 in, ten probabilities (B, 10) out.

    Args:
        width: channels of the first convolution; the later ones have two and four times as many.
        dropout: share of the activations dropped after each pooling and before the last layer.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28), name="images"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Reshape((28, 28, 1)),
            *_convolution(width, 5, "valid", pooled=True),
            keras.layers.Dropout(dropout),
            *_convolution(2 * width, 3, "same"),
            *_convolution(2 * width, 3, "same", pooled=True),
            keras.layers.Dropout(dropout),
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
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
    ]


def save(network, path):
    """Write a network without its optimizer to a `.keras` file: the same weights are the same bytes.

    Keras writes the date and addresses in memory into the archive; here the date is always the same one, and the
    addresses are numbered in the order in which they appear.
    """
    bare = keras.Sequential([keras.Input((28, 28), name="images"), *network.layers], name=network.name)
    with files.replacing(path) as partial:
        dated = partial.with_name(f".dated-{partial.name}")
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
    """Read what `save` wrote, for predicting.

    Raises:
        InputError: there is no such file, or it is no network from 28×28 images to ten probabilities.
    """
    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever a broken archive makes of Keras, h5py and zipfile
        reason = "is missing" if not Path(path).exists() else f"is no model of this project ({type(error).__name__})"
        raise InputError(f"{path} {reason}; `dvc repro` trains one") from None
    if network.input_shape != (None, 28, 28) or network.output_shape != (None, 10):
        raise InputError(f"{path} takes {network.input_shape} and gives {network.output_shape}, not 28×28 images and ten probabilities")
    return network
