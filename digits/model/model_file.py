"""Model files: their place, and the check of their contents before Keras reads them.

A file may come from a third party. Keras's safe mode refuses Lambda layers, but instantiates any other class that the
file names. This check accepts arithmetic alone: the layers and initializers listed below under Keras's own names, sizes
of a network for 28×28 images, and plain arrays of numbers.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py

FOLDER = Path("models")
MAX_BYTES = {"config.json": 1 << 20, "metadata.json": 1 << 20, "model.weights.h5": 1 << 28}
MAX_SIZE = 20_000  # channels, units, pixels: every integer in config.json but a seed or a counter
LAYERS = [
    "InputLayer",
    "Rescaling",
    "Normalization",
    "Reshape",
    "Flatten",
    "Permute",
    "Dense",
    "Conv2D",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalMaxPooling2D",
    "GlobalAveragePooling2D",
    "ZeroPadding2D",
    "Cropping2D",
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "ELU",
    "Softmax",
    "Dropout",
    "SpatialDropout2D",
    "Add",
    "Multiply",
    "Average",
    "Concatenate",
]
INITIALIZERS = [
    "Zeros",
    "Ones",
    "Constant",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "VarianceScaling",
]
CLASSES = {
    ("keras", "Sequential"),
    ("keras", "DTypePolicy"),
    ("keras.src.models.functional", "Functional"),
    (None, "__keras_tensor__"),  # a connection between the layers of a Functional model
    *(("keras.layers", name) for name in LAYERS),
    *(("keras.initializers", name) for name in INITIALIZERS),
}


def path(member: int, folder: str | Path = FOLDER) -> Path:
    """Return the path of a member's model file."""
    return Path(folder) / f"member-{member}.keras"


def check(path: str | Path) -> None:
    """Check the contents of a `.keras` file.

    Raises:
        ValueError: it holds something that is not allowed.
        Exception: any exception that zipfile, json and h5py raise for a corrupt archive.
    """
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename not in MAX_BYTES:
                raise ValueError(f"it contains {entry.filename[:60]!r}")
            if entry.file_size > MAX_BYTES[entry.filename]:
                raise ValueError(f"its {entry.filename} is too large")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"its {entry.filename} has an unsupported compression")
        if sorted(archive.namelist()) != list(MAX_BYTES):
            names = ", ".join(archive.namelist()) or "nothing"
            raise ValueError(f"it contains {names} instead of {', '.join(MAX_BYTES)}")
        _check_config(json.loads(archive.read("config.json")) | {"compile_config": None})
        _check_weights(archive.read("model.weights.h5"))


def _check_config(part: Any) -> None:
    """Walk through config.json: each class is in CLASSES, each integer is at most MAX_SIZE."""
    if isinstance(part, dict):
        if "class_name" in part or "module" in part:
            kind = part.get("module"), part.get("class_name")
            if kind not in CLASSES or part.get("registered_name") not in (None, part["class_name"]):
                name = ".".join(str(name) for name in kind if name)[:60]
                raise ValueError(f"it uses {name!r}, which is not an allowed layer")
        for key, value in part.items():
            if key not in ("seed", "shared_object_id"):
                _check_config(value)
    elif isinstance(part, list):
        for value in part:
            _check_config(value)
    elif isinstance(part, int) and abs(part) > MAX_SIZE:
        raise ValueError(f"it has a size of {part:.3g}")


def _check_weights(content: bytes) -> None:
    """Check that the arrays of model.weights.h5 are numbers, stored in the file itself, and not too large."""
    with h5py.File(io.BytesIO(content)) as file:
        arrays, links = [], []
        file.visititems(lambda name, entry: arrays.append(entry) if isinstance(entry, h5py.Dataset) else None)
        file.visititems_links(lambda name, link: links.append(link))
        if any(not isinstance(link, h5py.HardLink) for link in links):
            raise ValueError("its weights are stored elsewhere")
        if any(array.external or array.is_virtual or array.dtype.kind not in "fiu" for array in arrays):
            raise ValueError("its weights are not plain numbers")
        if sum(array.nbytes for array in arrays) > MAX_BYTES["model.weights.h5"]:
            raise ValueError("its weights are too large")
