"""Change the bytes of a model file: the functions return functions from the bytes of a good file to changed ones."""

import io
import json
import os
import zipfile

import h5py
import numpy as np


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
    """Replace the last dropout by a layer of another class."""
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
    """Change the config of the last layer, the dense one."""
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


def replaced_bias(create):
    def change(weights):
        del weights[BIAS]
        create(weights)

    return weighted(change)


def virtual(weights):
    layout = h5py.VirtualLayout((10,), np.float32)
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (10,))
    weights.create_virtual_dataset(BIAS, layout)


def saved(make_layers, shape=(28, 28)):
    """Save with Keras a model of the layers that `make_layers(keras.layers)` returns."""

    def save(archive):
        from digits.model.backend import keras

        return _bytes(keras.Sequential([keras.Input(shape), *make_layers(keras.layers)]))

    return save


def with_two_outputs(archive):
    from digits.model.backend import keras

    images = keras.Input((28, 28))
    flat = keras.layers.Flatten()(images)
    return _bytes(keras.Model(images, [keras.layers.Dense(10)(flat), keras.layers.Dense(10)(flat)]))


def with_custom_layer(archive):
    from digits.model.backend import keras

    custom = type("Custom", (keras.layers.Layer,), {})
    keras.saving.register_keras_serializable("canary")(custom)
    return _bytes(keras.Sequential([keras.Input((28, 28)), custom(), *softmax()(keras.layers)]))


def softmax(units=10):
    return lambda layers: [layers.Flatten(), layers.Dense(units, activation="softmax")]


def _bytes(model):
    path = f"{os.environ['SCRATCH']}/saved.keras"
    model.save(path)
    with open(path, "rb") as file:
        return file.read()
