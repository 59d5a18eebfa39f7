"""Models made by somebody hostile, or by somebody else: one kind a case, under the name of what is wrong with it."""

import io
import json
import os
import pickle
import zipfile

import h5py
import numpy as np

from digits.model.backend import keras


def parts(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_part(name, content, method=zipfile.ZIP_STORED):
    return lambda archive: packed(parts(archive) | {name: content}, method)


def without_part(name):
    return lambda archive: packed({key: content for key, content in parts(archive).items() if key != name})


def described(change):
    """Change config.json, as Python objects, in place."""

    def apply(archive):
        files = parts(archive)
        description = json.loads(files["config.json"])
        change(description)
        return packed(files | {"config.json": json.dumps(description)})

    return apply


def layer(kind, **config):
    """Put a layer of somebody's in place of the last dropout."""
    module, _, name = kind.rpartition(".")

    def change(description):
        layers = description["config"]["layers"]
        place = max(i for i, entry in enumerate(layers) if entry["class_name"] == "Dropout")
        layers[place] = {
            "module": module or None,
            "class_name": name,
            "config": {"name": "odd"} | config,
            "registered_name": None,
        }

    return described(change)


def last(**config):
    """Change settings of the last layer, the dense one."""
    return described(lambda description: description["config"]["layers"][-1]["config"].update(config))


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def weighted(change):
    """Change model.weights.h5, as an open h5py.File."""

    def apply(archive):
        files = parts(archive)
        buffer = io.BytesIO(files["model.weights.h5"])
        with h5py.File(buffer, "r+") as weights:
            change(weights)
        return packed(files | {"model.weights.h5": buffer.getvalue()})

    return apply


BIAS = "layers/dense/vars/1"


def instead_of_the_bias(create):
    def change(weights):
        del weights[BIAS]
        create(weights)

    return weighted(change)


def virtual(weights):
    layout = h5py.VirtualLayout((10,), np.float32)
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (10,))
    weights.create_virtual_dataset(BIAS, layout)


def saved(*layers, **options):
    """What Keras itself writes for a network of these layers."""

    def save(archive):
        path = f"{os.environ['SCRATCH']}/saved.keras"
        keras.Sequential([keras.Input(options.get("shape", (28, 28))), *layers]).save(path)
        return open(path, "rb").read()

    return save


def of_two_outputs(archive):
    images = keras.Input((28, 28))
    flat = keras.layers.Flatten()(images)
    path = f"{os.environ['SCRATCH']}/saved.keras"
    keras.Model(images, [keras.layers.Dense(10)(flat), keras.layers.Dense(10)(flat)]).save(path)
    return open(path, "rb").read()


@keras.saving.register_keras_serializable("canary")
class Custom(keras.layers.Layer):
    pass


def softmax(units=10):
    return keras.layers.Flatten(), keras.layers.Dense(units, activation="softmax")


# what is wrong: (how a good file is spoilt, words that the refusal must hold)
HOSTILE = {
    # no model at all
    "empty": (lambda archive: b"", "BadZipFile"),
    "noise": (lambda archive: np.random.default_rng(0).bytes(50_000), "BadZipFile"),
    "a pickle": (lambda archive: pickle.dumps(list(range(100))), "BadZipFile"),
    "a bare HDF5 file": (lambda archive: parts(archive)["model.weights.h5"], "BadZipFile"),
    "cut": (lambda archive: archive[: len(archive) // 2], "BadZipFile"),
    "a damaged byte": (
        lambda archive: archive[:60_000] + bytes([archive[60_000] ^ 255]) + archive[60_001:],
        "BadZipFile",
    ),
    # the archive
    "a path out of its folder": (with_part("../canary.py", b"0"), "'../canary.py'"),
    "an absolute path": (with_part("/canary.py", b"0"), "'/canary.py'"),
    "an asset": (with_part("assets/vocabulary.txt", b"0"), "'assets/vocabulary.txt'"),
    "weights as a NumPy archive": (with_part("model.weights.npz", b"0"), "'model.weights.npz'"),
    "no description": (without_part("config.json"), "and not config.json"),
    "no weights": (without_part("model.weights.h5"), "and not config.json"),
    "nothing in it": (lambda archive: packed({}), "it holds nothing"),
    "a bomb of weights": (
        with_part("model.weights.h5", bytes(270_000_000), zipfile.ZIP_DEFLATED),
        "model.weights.h5 is packed beyond measure",
    ),
    "a bomb of text": (
        with_part("config.json", b" " * 2_000_000 + b"{}", zipfile.ZIP_DEFLATED),
        "config.json is packed beyond measure",
    ),
    "a bomb by bzip2": (
        with_part("config.json", b" " * 10_000_000, zipfile.ZIP_BZIP2),
        "config.json is packed beyond measure",
    ),
    # the description
    "no JSON": (with_part("config.json", b"{"), ""),
    "another object": (with_part("config.json", b"[]"), ""),
    "an empty object": (with_part("config.json", b"{}"), ""),
    "nested without end": (with_part("config.json", b"[" * 100_000), "RecursionError"),
    "a Lambda layer by Keras": (
        saved(keras.layers.Flatten(), keras.layers.Lambda(lambda x: x[:, :10])),
        "keras.layers.Lambda",
    ),
    "a Lambda layer by hand": (
        layer("keras.layers.Lambda", function=function("builtins", "exec")),
        "keras.layers.Lambda",
    ),
    "a Python lambda": (last(activation={"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}), "__lambda__"),
    "a custom class": (saved(Custom(), *softmax()), "Custom"),
    "a custom class under a good name": (
        described(lambda d: d["config"]["layers"][-1].update(registered_name="canary>Custom")),
        "keras.layers.Dense",
    ),
    "a class of somebody's module": (layer("canary.Layer"), "canary.Layer"),
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
    "a class that is no name": (described(lambda d: d["config"]["layers"][-1].update(class_name=["Dense"])), ""),
    "a billion units": (last(units=10**9), "a size of 1e+09"),
    "an activation that is none": (last(activation="canary"), ""),
    # the weights
    "weights that are no HDF5": (with_part("model.weights.h5", b"canary" * 1000), "OSError"),
    "weights of another network": (last(units=9), ""),
    "weights that are missing": (weighted(lambda weights: weights.pop("layers/dense")), ""),
    "weights beyond measure": (
        instead_of_the_bias(lambda w: w.create_dataset(BIAS, (10**9,), np.float32, chunks=(1000,), compression="gzip")),
        "beyond measure",
    ),
    "weights in another file": (
        instead_of_the_bias(lambda w: w.create_dataset(BIAS, (10,), np.float32, external=[("/etc/hostname", 0, 40)])),
        "no plain numbers",
    ),
    "weights of a virtual kind": (instead_of_the_bias(virtual), "no plain numbers"),
    "weights behind an external link": (
        instead_of_the_bias(lambda w: w.__setitem__(BIAS, h5py.ExternalLink("/etc/hostname", "/x"))),
        "lie elsewhere",
    ),
    "weights behind a soft link": (
        instead_of_the_bias(lambda w: w.__setitem__(BIAS, h5py.SoftLink("/x"))),
        "lie elsewhere",
    ),
    "weights that are objects": (
        instead_of_the_bias(lambda w: w.create_dataset(BIAS, (10,), h5py.string_dtype())),
        "no plain numbers",
    ),
    "weights that are NaN": (
        weighted(lambda weights: weights[BIAS].write_direct(np.full(10, np.nan, np.float32))),
        "no probabilities",
    ),
    "one infinite weight": (
        weighted(
            lambda weights: weights["layers/conv2d/vars/0"].write_direct(np.full((5, 5, 1, 4), np.inf, np.float32))
        ),
        "no probabilities",
    ),
    # shapes and answers
    "32×32 images": (saved(*softmax(), shape=(32, 32)), "takes (None, 32, 32)"),
    "28×28×1 images": (saved(*softmax(), shape=(28, 28, 1)), "takes (None, 28, 28, 1)"),
    "flat images": (saved(*softmax(), shape=(784,)), "takes (None, 784)"),
    "nine answers": (saved(*softmax(9)), "gives (None, 9)"),
    "an answer for each row": (saved(keras.layers.Dense(10)), "gives (None, 28, 10)"),
    "two answers": (of_two_outputs, "gives [(None, 10), (None, 10)]"),
    "logits": (saved(keras.layers.Flatten(), keras.layers.Dense(10)), "no probabilities"),
    "sigmoids": (saved(keras.layers.Flatten(), keras.layers.Dense(10, activation="sigmoid")), "no probabilities"),
    "NaN from good weights": (
        saved(keras.layers.Rescaling(1e38), keras.layers.Rescaling(1e38), *softmax()),
        "no probabilities",
    ),
}
