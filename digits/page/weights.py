"""Read the weights of a Keras model file without TensorFlow, and pack them for the page's network.js.

A packed layer is a dictionary with `type`, which names a function of network.js:

conv     kernel (rows, columns, channels, filters), shape, same: whether the input is padded to keep its size
pool     size: of the square whose highest value is kept
affine   scale and offset of each channel, as batch normalization or a bias computes
relu, softmax
mean     of each channel
dense    kernel (inputs, outputs), shape

Arrays are IEEE half-precision numbers in base64, which change the probabilities of 300 images by at most 0.0011.
"""

import base64
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike

from digits.errors import InputError

Layer = dict[str, Any]

_SKIPPED = "InputLayer", "Reshape", "Flatten", "Dropout"  # they change neither a value nor the order of the values
_GROUPS = {"Conv2D": "conv2d", "BatchNormalization": "batch_normalization", "Dense": "dense"}  # in the weights file


def pack(path: str | Path) -> list[Layer]:
    """Pack the layers of a model file.

    Args:
        path: a `.keras` file of a Sequential model, from (28, 28) pixels of 0–255 to ten probabilities.

    Raises:
        InputError: the file is missing, or has a layer that network.js cannot compute.
    """
    if not Path(path).exists():
        raise InputError(f"{path} is missing; `dvc repro` trains it")
    with zipfile.ZipFile(path) as archive:
        model = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            if model["class_name"] != "Sequential":
                raise _unknown(path, model["class_name"], "is not a Sequential model")
            return list(_pack_layers(path, model["config"]["layers"], weights))


def _pack_layers(path: str | Path, layers: list[dict[str, Any]], weights: h5py.File) -> Iterator[Layer]:
    seen: Counter[str] = Counter()
    for layer in layers:
        kind, config = layer["class_name"], layer["config"]
        variables = []
        if kind in _GROUPS:  # Keras numbers the layers of a class in their order, and ignores their names
            number = f"_{seen[kind]}" if seen[kind] else ""
            group = weights[f"layers/{_GROUPS[kind]}{number}/vars"]
            variables = [np.asarray(group[str(i)]) for i in range(len(group))]
            seen[kind] += 1
        try:
            yield from _pack_layer(kind, config, variables)
        except NotImplementedError as unsupported:
            raise _unknown(path, f"{kind} ({config['name']})", str(unsupported)) from None


def _pack_layer(kind: str, config: dict[str, Any], variables: list[Any]) -> Iterator[Layer]:
    if kind in _SKIPPED:
        return
    if kind == "Rescaling":
        yield _affine(config["scale"], config["offset"])
    elif kind == "Conv2D":
        _require(config, strides=[1, 1], dilation_rate=[1, 1], groups=1)
        yield _kernel("conv", variables[0]) | {"same": config["padding"] == "same"}
        yield from _bias_and_activation(config, variables)
    elif kind == "MaxPooling2D":
        size = config["pool_size"][0]
        _require(config, pool_size=[size, size], strides=[size, size], padding="valid")
        yield {"type": "pool", "size": size}
    elif kind == "BatchNormalization":
        _require(config, center=True, scale=True)
        gamma, beta, mean, variance = (variable.astype(np.float64) for variable in variables)
        scale = gamma / np.sqrt(variance + config["epsilon"])
        yield _affine(scale, beta - mean * scale)
    elif kind == "Activation":
        yield from _activation(config["activation"])
    elif kind == "GlobalAveragePooling2D":
        yield {"type": "mean"}
    elif kind == "Dense":
        yield _kernel("dense", variables[0])
        yield from _bias_and_activation(config, variables)
    else:
        raise NotImplementedError("")


def _require(config: dict[str, Any], **expected: Any) -> None:
    for name, value in expected.items():
        if config[name] != value:
            raise NotImplementedError(f"{name}={config[name]}")


def _bias_and_activation(config: dict[str, Any], variables: list[Any]) -> Iterator[Layer]:
    if config["use_bias"]:
        yield _affine(np.ones_like(variables[1]), variables[1])
    yield from _activation(config["activation"])


def _activation(name: str) -> Iterator[Layer]:
    if name not in ("linear", "relu", "softmax"):
        raise NotImplementedError(f"activation={name}")
    if name != "linear":
        yield {"type": name}


def _kernel(kind: str, values: Any) -> Layer:
    return {"type": kind, "shape": list(values.shape), "kernel": _encode(values)}


def _affine(scale: ArrayLike, offset: ArrayLike) -> Layer:
    return {"type": "affine", "scale": _encode(scale), "offset": _encode(offset)}


def _encode(values: ArrayLike) -> str:
    return base64.b64encode(np.asarray(values, "<f2").tobytes()).decode()


def _unknown(path: str | Path, layer: str, reason: str) -> InputError:
    return InputError(
        f"{path}: digits/page/network.js has no {layer} {reason}".rstrip()
        + "; add it there and in digits/page/weights.py, or leave the stage `page` out of dvc.yaml"
    )
