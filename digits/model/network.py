"""The convolutional network: build, save and load it."""

import io
import json
import re
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from digits import files
from digits.errors import InputError
from digits.model import model_file
from digits.model.backend import BatchNormalization, keras


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


def save(model: keras.Model, path: str | Path) -> None:
    """Write the bytes of `to_bytes` to a file.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    with files.atomic_write(path) as partial:
        partial.write_bytes(to_bytes(model))


def to_bytes(model: keras.Model) -> bytes:
    """Return a model as a `.keras` file, without its optimizer: equal weights give equal bytes.

    The file computes in float32, with any precision of the training. Keras writes the date and addresses in
    memory into the archive. Here the date is constant, and the addresses are numbered in the order of appearance.
    """
    undated = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        dated = Path(folder) / "model.keras"
        _to_float32(model).save(dated)
        with zipfile.ZipFile(dated) as archive, zipfile.ZipFile(undated, "w") as copy:
            for name in sorted(archive.namelist()):
                copy.writestr(zipfile.ZipInfo(name), _undated(name, archive.read(name)))
    return undated.getvalue()


def _to_float32(model: keras.Model) -> keras.Model:
    """Copy a model into Keras's own layers that compute in float32."""
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
        addresses = list(dict.fromkeys(re.findall(rb'"shared_object_id": (\d+)', content)))
        return re.sub(rb'(?<="shared_object_id": )\d+', lambda found: b"%d" % addresses.index(found[0]), content)
    return content


def load(path: str | Path) -> keras.Model:
    """Load a model for prediction: one that `save` wrote, or another one of allowed layers.

    Raises:
        InputError: the file is missing, or is not a model from 28×28 images to ten probabilities.
    """
    if not Path(path).exists():
        raise InputError(f"{path} is missing; `dvc repro` trains it")
    try:
        model_file.check(path)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        shapes = model.input_shape, model.output_shape
    except ValueError as error:  # from the check, or from Keras with several lines
        raise _invalid(path, str(error).split("\n")[0][:120]) from None
    except Exception as error:  # Keras, h5py and zipfile raise many types for a corrupt archive
        raise _invalid(path, type(error).__name__) from None
    if shapes != ((None, 28, 28), (None, 10)):
        raise _invalid(path, f"it maps {shapes[0]} to {shapes[1]}, not (None, 28, 28) to (None, 10)")
    _check_predictions(model, path)
    return model


def _check_predictions(model: keras.Model, path: str | Path) -> None:
    images = np.stack([np.zeros((28, 28)), np.full((28, 28), 255), np.arange(784).reshape(28, 28) % 256])
    predicted = np.asarray(model(images.astype(np.float32), training=False))
    finite = all(np.isfinite(weights).all() for weights in model.get_weights())
    if not (finite and (predicted >= 0).all() and np.allclose(predicted.sum(axis=1), 1, atol=1e-3)):
        raise _invalid(path, f"its outputs are not probabilities, such as {predicted.flat[0]:.3g}")


def _invalid(path, reason):
    return InputError(f"{path} is not a model of this project ({reason}); `dvc repro` trains one")
