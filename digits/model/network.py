"""The convolutional network: build, save and load it."""

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from digits import files
from digits.errors import InputError
from digits.model.backend import BatchNormalization, keras

# of layers and initializers, where they have their default; older versions of Keras, from 3.8, refuse them
NEWER_KEYS = {"input_axes", "output_axes", "quantization_config", "renorm", "renorm_clipping", "renorm_momentum"}


def build(width: int, dropout: float) -> keras.Model:
    """Build the untrained network: images (B, 28, 28) of 0–255 in, ten probabilities (B, 10) out.

    Args:
        width: channels of the first convolution; the later ones have two and four times as many.
        dropout: fraction of the activations dropped before the last layer.
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
            keras.layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name="digits",
    )


def _convolution(filters, size, padding, pooled=False):
    return [
        keras.layers.Conv2D(filters, size, padding=padding, use_bias=False),
        *[keras.layers.MaxPooling2D()] * pooled,  # first, so that the two layers below have a quarter of the work
        BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
    ]


def to_bytes(model: keras.Model) -> bytes:
    """Return a model as a `.keras` file, without its optimizer: equal weights give equal bytes.

    Keras writes the date and addresses in memory into the archive. Here the date is constant, and the addresses are
    numbered in the order of appearance.
    """
    undated = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        dated = Path(folder) / "model.keras"
        model.save(dated)
        with zipfile.ZipFile(dated) as archive, zipfile.ZipFile(undated, "w") as copy:
            for name in sorted(archive.namelist()):
                copy.writestr(zipfile.ZipInfo(name), _undated(name, archive.read(name)))
    return undated.getvalue()


def to_float32(model: keras.Model) -> keras.Model:
    """Copy a model into Keras's own layers that compute in float32, with any precision of the training."""
    layers = []
    for layer in model.layers:
        kind = keras.layers.BatchNormalization if isinstance(layer, BatchNormalization) else type(layer)
        layers.append(kind.from_config(layer.get_config() | {"dtype": "float32"}))
    copy = keras.Sequential([keras.Input((28, 28), name="images"), *layers], name=model.name)
    for target, source in zip(copy.variables, model.variables, strict=True):
        target.assign(source)
    return copy


def _undated(name, content):
    if name == "metadata.json":
        return json.dumps(json.loads(content) | {"date_saved": "1980-01-01@00:00:00"})
    if name == "config.json":
        config = json.loads(content, object_hook=lambda part: {key: part[key] for key in part.keys() - NEWER_KEYS})
        content = json.dumps(config, sort_keys=True).encode()
        addresses = list(dict.fromkeys(re.findall(rb'"shared_object_id": (\d+)', content)))
        return re.sub(rb'(?<="shared_object_id": )\d+', lambda found: b"%d" % addresses.index(found[0]), content)
    return content


def load(path: str | Path, **settings: Any) -> keras.Model:
    """Build the network and read its weights from a model file; nothing else of the file is used.

    Args:
        path: a `.keras` file.
        settings: the arguments of `build`.

    Raises:
        InputError: the file is missing, is not a model file, or has other layers.
    """
    if not Path(path).exists():
        raise InputError(f"{path} is missing; `dvc repro` trains it")
    model = build(**settings)
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile):
        reason = "is damaged" if not zipfile.is_zipfile(path) else "does not fit the network of params.yaml"
        raise InputError(f"{path} {reason}; `dvc repro` trains it again") from None
    return model


def from_bytes(content: bytes, **settings: Any) -> keras.Model:
    """Load the network from the content of a model file, as `load` does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "member.keras"
        path.write_bytes(content)
        return load(path, **settings)


def load_members(members: Sequence[int], **settings: Any) -> list[keras.Model]:
    """Load the networks of the listed members; models/ may hold others."""
    return [load(files.model_path(member), **settings) for member in members]
