"""The network: its size, its file, and what is refused in place of one."""

import os
import subprocess
import sys
import zipfile

import graph
import numpy as np
import pytest
import yaml

from digits.errors import InputError
from digits.model import backend, network, training
from digits.model.backend import keras

DEFAULTS = yaml.safe_load((graph.ROOT / "params.yaml").read_text())["network"]


def test_the_default_network_has_exactly_so_many_parameters():
    assert network.build(**DEFAULTS).count_params() == 280_234


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="TensorFlow has oneDNN on Linux and Windows alone")
def test_onednn_trains_on_every_kind_of_processor_in_any_environment():
    said = "from digits.backend import keras; from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    switched_off = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=graph.ROOT, env=switched_off, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


@pytest.mark.slow
def test_keras_is_loaded_without_what_nobody_uses_it_with_and_the_rest_can_still_be_had():
    needless = ["matplotlib.pyplot", "pandas", "sklearn"]
    said = f"import sys; from digits.backend import keras; print([name for name in {needless} if name in sys.modules]); import {', '.join(needless)}"
    done = subprocess.run([sys.executable, "-c", said], cwd=graph.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_graph_of_training_is_built_once():
    model = network.build(2, 0.0)
    training.compile(model, lr=0.01, steps=2, weight_decay=0, label_smoothing=0)
    built, step = [], model.train_step
    model.train_step = lambda data: built.append("a graph") or step(data)
    batch = np.zeros((8, 28, 28), np.float32), np.eye(10, dtype=np.float32)[:8]
    model.fit(backend.feed([batch, batch]), epochs=2, shuffle=False, verbose=0)
    assert built == ["a graph"]


def test_pixels_go_in_as_they_are_and_probabilities_come_out():
    model = network.build(4, 0.5)
    images = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    probabilities = model.predict(images, verbose=0)
    assert probabilities.shape == (7, 10) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    brightest = [layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling)][0](
        np.full((1, 28, 28), 255)
    )
    np.testing.assert_allclose(np.asarray(brightest), 1, rtol=1e-6)


def test_the_same_weights_are_the_same_bytes_and_come_back(tmp_path):
    model = network.build(4, 0.5)
    model.compile("adam", "categorical_crossentropy")
    network.save(model, tmp_path / "a.keras")
    network.save(model, tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.keras", "b.keras"]
    again = network.load(tmp_path / "a.keras")
    assert not again.compiled
    for got, wanted in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(
        again.predict(np.ones((2, 28, 28)), verbose=0), model.predict(np.ones((2, 28, 28)), verbose=0)
    )


def test_a_missing_model_is_said(tmp_path):
    with pytest.raises(InputError, match="member-3.keras is missing; `dvc repro` trains one"):
        network.load(tmp_path / "member-3.keras")


def test_what_is_no_model_of_ours_is_refused_in_one_line(tmp_path):
    good, bad = tmp_path / "good.keras", tmp_path / "bad.keras"
    network.save(network.build(4, 0.5), good)
    bad.write_bytes(good.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"^[^\n]*bad.keras is no model of this project[^\n]*$"):
        network.load(bad)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(InputError, match=r"^[^\n]*bad.keras is no model of this project[^\n]*$"):
        network.load(bad)
    keras.Sequential([keras.Input((32, 32)), keras.layers.Flatten(), keras.layers.Dense(10)]).save(bad)
    with pytest.raises(InputError, match="32, 32"):
        network.load(bad)
    keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Lambda(lambda x: x), keras.layers.Flatten(), keras.layers.Dense(10)]
    ).save(bad)
    with pytest.raises(InputError, match="is no model of this project"):
        network.load(bad)
