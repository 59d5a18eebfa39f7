"""The network: its size, its graph, and its file."""

import numpy as np
import pytest

from digits.errors import InputError
from digits.settings import Settings

pytestmark = pytest.mark.slow  # builds networks


@pytest.fixture(scope="module")
def network(backend):
    from digits.model import network

    return network


@pytest.fixture(scope="module")
def model(network):
    return network.build(width=2, dropout=0.5)


def test_the_default_network_has_280234_parameters(network):
    assert network.build(**Settings().network.model_dump()).count_params() == 280_234


def test_the_graph_of_training_is_built_once(network):
    from digits.model import backend, training

    model = network.build(width=2, dropout=0.0)
    training.compile_network(model, lr=0.01, steps=2, weight_decay=0, label_smoothing=0)
    built, step = [], model.train_step
    model.train_step = lambda data: built.append("a graph") or step(data)
    batch = np.zeros((8, 28, 28), np.float32), np.eye(10, dtype=np.float32)[:8]
    model.fit(backend.feed([batch, batch]), epochs=2, shuffle=False, verbose=0)
    assert built == ["a graph"]


def test_the_loss_spreads_a_fraction_of_each_label_over_all_digits(network, few_digits):
    from digits.model import training

    model = network.build(width=2, dropout=0.0)
    training.compile_network(model, lr=0.01, steps=1, weight_decay=0, label_smoothing=0.2)
    images, targets = few_digits[0][:20], np.eye(10, dtype=np.float32)[few_digits[1][:20]]
    expected = -((0.8 * targets + 0.02) * np.log(model.predict(images, verbose=0))).sum(axis=1).mean()
    assert model.evaluate(images, targets, verbose=0)[0] == pytest.approx(expected, rel=1e-4)


def test_pixels_of_0_to_255_go_in_and_probabilities_come_out(model):
    images = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    probabilities = model.predict(images, verbose=0)
    assert probabilities.shape == (7, 10) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(model.layers[0](np.full((1, 28, 28), 255))), 1, rtol=1e-6)


def test_equal_weights_give_equal_bytes_and_are_loaded_without_loss(network, model, tmp_path):
    model.compile("adam", "categorical_crossentropy")
    content = network.to_bytes(model)
    assert network.to_bytes(model) == content
    loaded = network.from_bytes(content, width=2, dropout=0.5)
    for got, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    images = np.ones((2, 28, 28))
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_a_damaged_file_one_of_another_network_and_a_missing_one_are_refused_in_one_line(network, model, tmp_path):
    path = tmp_path / "member-0.keras"
    with pytest.raises(InputError, match=r"member-0.keras is missing; `dvc repro`"):
        network.load(path, width=2, dropout=0.5)
    content = network.to_bytes(model)
    for file, reason in ((b"no archive", "is damaged"), (content[:-2000], "is damaged"), (content, "does not fit")):
        path.write_bytes(file)
        with pytest.raises(InputError, match=rf"^[^\n]*member-0.keras {reason}[^\n]*$"):
            network.load(path, width=4, dropout=0.5)
