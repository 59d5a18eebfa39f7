"""Invalid or malicious model files, one of each kind, named after what is wrong with it."""

import pickle
import zipfile

import h5py
import numpy as np
from model_files import (
    BIAS,
    described,
    function,
    last,
    layer,
    packed,
    parts,
    replaced_bias,
    saved,
    softmax,
    virtual,
    weighted,
    with_custom_layer,
    with_part,
    with_two_outputs,
    without_part,
)

# what is wrong: (how a good file is changed, words that the message must contain)
HOSTILE = {
    # not a model
    "empty": (lambda archive: b"", "BadZipFile"),
    "noise": (lambda archive: np.random.default_rng(0).bytes(50_000), "BadZipFile"),
    "a pickle": (lambda archive: pickle.dumps(list(range(100))), "BadZipFile"),
    "a bare HDF5 file": (lambda archive: parts(archive)["model.weights.h5"], "BadZipFile"),
    "truncated": (lambda archive: archive[: len(archive) // 2], "BadZipFile"),
    "a damaged byte": (
        lambda archive: archive[:60_000] + bytes([archive[60_000] ^ 255]) + archive[60_001:],
        "BadZipFile",
    ),
    # the archive
    "a path outside its folder": (with_part("../canary.py", b"0"), "'../canary.py'"),
    "an absolute path": (with_part("/canary.py", b"0"), "'/canary.py'"),
    "an asset": (with_part("assets/vocabulary.txt", b"0"), "'assets/vocabulary.txt'"),
    "weights as a NumPy archive": (with_part("model.weights.npz", b"0"), "'model.weights.npz'"),
    "no config.json": (without_part("config.json"), "instead of config.json"),
    "no weights": (without_part("model.weights.h5"), "instead of config.json"),
    "nothing in it": (lambda archive: packed({}), "it contains nothing"),
    "a bomb of weights": (
        with_part("model.weights.h5", bytes(270_000_000), zipfile.ZIP_DEFLATED),
        "model.weights.h5 is too large",
    ),
    "a bomb of text": (
        with_part("config.json", b" " * 2_000_000 + b"{}", zipfile.ZIP_DEFLATED),
        "config.json is too large",
    ),
    "a bomb by bzip2": (
        with_part("config.json", b" " * 10_000_000, zipfile.ZIP_BZIP2),
        "config.json is too large",
    ),
    # config.json
    "not JSON": (with_part("config.json", b"{"), ""),
    "another object": (with_part("config.json", b"[]"), ""),
    "an empty object": (with_part("config.json", b"{}"), ""),
    "nested without end": (with_part("config.json", b"[" * 100_000), "RecursionError"),
    "a Lambda layer by Keras": (
        saved(lambda layers: [layers.Flatten(), layers.Lambda(lambda x: x[:, :10])]),
        "keras.layers.Lambda",
    ),
    "a Lambda layer by hand": (
        layer("keras.layers.Lambda", function=function("builtins", "exec")),
        "keras.layers.Lambda",
    ),
    "a Python lambda": (last(activation={"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}), "__lambda__"),
    "a custom class": (with_custom_layer, "Custom"),
    "a custom class under a good name": (
        described(lambda d: d["config"]["layers"][-1].update(registered_name="canary>Custom")),
        "keras.layers.Dense",
    ),
    "a class of another module": (layer("canary.Layer"), "canary.Layer"),
    "a wrong module": (layer("keras.models.Dropout"), "keras.models.Dropout"),
    "a private module of Keras": (layer("keras.src.layers.core.lambda_layer.Lambda"), "keras.src.layers"),
    "a class without a module": (layer("Dropout"), "Dropout"),
    "a process as a layer": (layer("subprocess.Popen", args=["touch", "canary"]), "subprocess.Popen"),
    "a layer that unpickles": (layer("keras.layers.TorchModuleWrapper", module="gASVKAAAAA=="), "TorchModuleWrapper"),
    "a layer that loads a SavedModel": (layer("keras.layers.TFSMLayer", filepath="/canary"), "TFSMLayer"),
    "a layer that wraps one": (
        layer("keras.layers.TimeDistributed", layer={"module": "keras.layers", "class_name": "Lambda", "config": {}}),
        "TimeDistributed",
    ),
    "a Python function as activation": (last(activation=function("os", "system")), "os.function"),
    "a builtin as activation": (last(activation=function("builtins", "exec")), "builtins.function"),
    "Keras's switch to unsafe": (
        last(activation=function("keras.config", "enable_unsafe_deserialization")),
        "keras.config.function",
    ),
    "Keras's download": (last(activation=function("keras.utils", "get_file")), "keras.utils.function"),
    "a function as initializer": (last(kernel_initializer=function("os", "getcwd")), "os.function"),
    "a class that is a list": (described(lambda d: d["config"]["layers"][-1].update(class_name=["Dense"])), ""),
    "a billion units": (last(units=10**9), "a size of 1e+09"),
    "an unknown activation": (last(activation="canary"), ""),
    # the weights
    "weights that are not HDF5": (with_part("model.weights.h5", b"canary" * 1000), "OSError"),
    "weights of another network": (last(units=9), ""),
    "weights that are missing": (weighted(lambda weights: weights.pop("layers/dense")), ""),
    "weights of 4 GB": (
        replaced_bias(lambda w: w.create_dataset(BIAS, (10**9,), np.float32, chunks=(1000,), compression="gzip")),
        "too large",
    ),
    "weights in another file": (
        replaced_bias(lambda w: w.create_dataset(BIAS, (10,), np.float32, external=[("/etc/hostname", 0, 40)])),
        "not plain numbers",
    ),
    "weights of a virtual kind": (replaced_bias(virtual), "not plain numbers"),
    "weights behind an external link": (
        replaced_bias(lambda w: w.__setitem__(BIAS, h5py.ExternalLink("/etc/hostname", "/x"))),
        "stored elsewhere",
    ),
    "weights behind a soft link": (
        replaced_bias(lambda w: w.__setitem__(BIAS, h5py.SoftLink("/x"))),
        "stored elsewhere",
    ),
    "weights that are objects": (
        replaced_bias(lambda w: w.create_dataset(BIAS, (10,), h5py.string_dtype())),
        "not plain numbers",
    ),
    "weights that are NaN": (
        weighted(lambda weights: weights[BIAS].write_direct(np.full(10, np.nan, np.float32))),
        "not probabilities",
    ),
    "one infinite weight": (
        weighted(
            lambda weights: weights["layers/conv2d/vars/0"].write_direct(np.full((5, 5, 1, 4), np.inf, np.float32))
        ),
        "not probabilities",
    ),
    # shapes and outputs
    "32×32 images": (saved(softmax(), shape=(32, 32)), "maps (None, 32, 32)"),
    "28×28×1 images": (saved(softmax(), shape=(28, 28, 1)), "maps (None, 28, 28, 1)"),
    "flat images": (saved(softmax(), shape=(784,)), "maps (None, 784)"),
    "nine outputs": (saved(softmax(9)), "to (None, 9)"),
    "an output for each row": (saved(lambda layers: [layers.Dense(10)]), "to (None, 28, 10)"),
    "two output layers": (with_two_outputs, "to [(None, 10), (None, 10)]"),
    "logits": (saved(lambda layers: [layers.Flatten(), layers.Dense(10)]), "not probabilities"),
    "sigmoids": (saved(lambda layers: [layers.Flatten(), layers.Dense(10, activation="sigmoid")]), "not probabilities"),
    "NaN from good weights": (
        saved(lambda layers: [layers.Rescaling(1e38), layers.Rescaling(1e38), *softmax()(layers)]),
        "not probabilities",
    ),
}
