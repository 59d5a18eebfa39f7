"""What a `.keras` file may hold, looked at before Keras reads it: it may be somebody else's.

Keras's safe mode refuses Lambda layers, but builds whatever else the file names. Here nothing passes but arithmetic: the
layers and initializers listed below under Keras's own names, sizes that fit a network for 28×28 images, and plain arrays
of numbers.
"""

import io
import json
import zipfile

import h5py

PARTS = {
    "config.json": 1 << 20,
    "metadata.json": 1 << 20,
    "model.weights.h5": 1 << 28,
}  # bytes at most; ours: 18 kB, 1.2 MB
LARGEST = 20_000  # channels, units, pixels: any whole number in the description but a seed or a counter
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
    (None, "__keras_tensor__"),  # where a Functional's layers are joined
    *(("keras.layers", name) for name in LAYERS),
    *(("keras.initializers", name) for name in INITIALIZERS),
}


def check(path):
    """Look into a `.keras` file.

    Raises:
        ValueError: saying what it holds that does not belong there.
        Exception: whatever a broken archive makes of zipfile, json and h5py.
    """
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename not in PARTS:
                raise ValueError(f"it holds {member.filename[:60]!r}")
            if member.file_size > PARTS[member.filename] or member.compress_type not in (
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ):
                raise ValueError(f"its {member.filename} is packed beyond measure")
        if sorted(archive.namelist()) != list(PARTS):
            raise ValueError(f"it holds {', '.join(archive.namelist()) or 'nothing'} and not {', '.join(PARTS)}")
        _check_description(json.loads(archive.read("config.json")) | {"compile_config": None})
        _check_weights(archive.read("model.weights.h5"))


def _check_description(part):
    """Walk through config.json: each class is one of CLASSES, each number is small."""
    if isinstance(part, dict):
        if "class_name" in part or "module" in part:
            kind = part.get("module"), part.get("class_name")
            if kind not in CLASSES or part.get("registered_name") not in (None, part["class_name"]):
                raise ValueError(
                    f"it names {'.'.join(str(name) for name in kind if name)[:60]!r}, which is no layer of plain arithmetic"
                )
        for key, value in part.items():
            if key not in ("seed", "shared_object_id"):
                _check_description(value)
    elif isinstance(part, list):
        for value in part:
            _check_description(value)
    elif isinstance(part, int) and abs(part) > LARGEST:
        raise ValueError(f"it has a size of {part:.3g}")


def _check_weights(content):
    """Open model.weights.h5: its arrays are numbers, all in the file itself, and together of a sane size."""
    with h5py.File(io.BytesIO(content)) as file:
        arrays, links = [], []
        file.visititems(lambda name, entry: arrays.append(entry) if isinstance(entry, h5py.Dataset) else None)
        file.visititems_links(lambda name, link: links.append(link))
        if any(not isinstance(link, h5py.HardLink) for link in links):
            raise ValueError("its weights lie elsewhere")
        if any(array.external or array.is_virtual or array.dtype.kind not in "fiu" for array in arrays):
            raise ValueError("its weights are no plain numbers")
        if sum(array.nbytes for array in arrays) > PARTS["model.weights.h5"]:
            raise ValueError("its weights are beyond measure")
