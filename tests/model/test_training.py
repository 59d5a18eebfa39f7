"""A training that is interrupted resumes and ends in the same bytes; one that diverges or stagnates ends early."""

import functools
import io
import json
import zipfile

import numpy as np
import pytest

from digits import arrays
from digits.data.splits import assign_folds
from digits.errors import InputError
from digits.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("backend")]


@pytest.fixture(scope="module")
def data(few_digits):
    images, labels = few_digits
    return arrays.Labelled(images, labels, assign_folds(images, labels, 0.1, 3, seed=1))


def train_in(folder, data, member=0, **changes):
    from digits.model import training

    settings = Settings().model_dump() | {"epochs": 4, "batch_size": 12, "network": {"width": 2, "dropout": 0.1}}
    return training.train_member(data, member, settings | changes, folder / "checkpoint.npz")


@pytest.fixture
def train(data, tmp_path, backend):
    """Train member 0 on 133 digits with a tiny network, with these changes to the default settings."""
    yield functools.partial(train_in, tmp_path, data)
    backend.configure()  # a training leaves its precision to what follows in this process


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    """What an uninterrupted training of four epochs returns."""
    return train_in(tmp_path_factory.mktemp("undisturbed"), data)


class InterruptedTrainingError(Exception):
    pass


@pytest.fixture
def interrupt(monkeypatch):
    """Let trainings be interrupted after their checkpoint of an epoch."""
    from digits.model.checkpoint import Checkpoint

    save = Checkpoint.save

    def interrupt(after):
        def save_and_stop(self):
            save(self)
            if len(self.history) == after:
                raise InterruptedTrainingError

        monkeypatch.setattr(Checkpoint, "save", save_and_stop)

    return interrupt


def test_an_interrupted_training_resumes_and_ends_in_the_same_bytes(train, undisturbed, interrupt, tmp_path, capsys):
    for epoch in (1, 3):
        interrupt(after=epoch)
        with pytest.raises(InterruptedTrainingError):
            train()
    printed = capsys.readouterr().out
    assert "resumes after epoch 1" in printed
    interrupt(after=None)
    assert train() == undisturbed
    printed = capsys.readouterr().out
    assert "resumes after epoch 3" in printed and "Epoch 4/4" in printed and "Epoch 3/4" not in printed
    assert not (tmp_path / "checkpoint.npz").exists()


def test_a_damaged_checkpoint_is_reported_and_not_used(train, undisturbed, interrupt, tmp_path, capsys):
    path = tmp_path / "checkpoint.npz"
    interrupt(after=1)
    with pytest.raises(InterruptedTrainingError):
        train()
    path.write_bytes(path.read_bytes()[:-100])
    interrupt(after=None)
    assert train() == undisturbed
    assert f"{path} is damaged" in capsys.readouterr().out


def test_the_network_has_the_weights_of_the_last_epoch_and_calibrated_probabilities(train, data, tmp_path):
    from digits.model import network

    content, history, details = train(epochs=8, augment={"rotate": 0, "zoom": 0, "shift": 0, "shear": 0})
    model = network.from_bytes(content, width=2, dropout=0.1)
    val_mask = data.fold == 0
    probabilities = model.predict(data.images[val_mask], verbose=0)
    accuracy = (probabilities.argmax(axis=1) == data.labels[val_mask]).mean()
    assert accuracy == pytest.approx(history[-1]["val_accuracy"], abs=1e-6) and accuracy != history[0]["val_accuracy"]
    assert details["temperature"] != 1
    rates = [epoch["learning_rate"] for epoch in history]
    assert rates == sorted(rates, reverse=True) and rates[0] < Settings().lr and rates[-1] < 1e-6
    log_loss = -np.log(probabilities[np.arange(len(probabilities)), data.labels[val_mask]]).mean()
    for other in (0.8, 1.25):  # another temperature is worse
        powers = probabilities ** (1 / other)
        changed = powers / powers.sum(axis=1, keepdims=True)
        assert log_loss < -np.log(changed[np.arange(len(changed)), data.labels[val_mask]]).mean()


def test_a_training_that_diverges_ends_in_one_line(train):
    with pytest.raises(InputError, match=r"^training diverged[^\n]*lower lr in params.yaml$"):
        train(lr=1, regularization={"weight_decay": 100, "label_smoothing": 0})


def test_early_stopping_ends_a_training_that_no_longer_improves(train, interrupt):
    changes = {"epochs": 40, "lr": 1e-9, "early_stopping": {"patience": 2}}
    undisturbed = train(**changes)
    assert 3 <= len(undisturbed[1]) < 40
    interrupt(after=2)
    with pytest.raises(InterruptedTrainingError):
        train(**changes)
    interrupt(after=None)
    assert train(**changes) == undisturbed, "a resumed training stops after the same epoch"


def test_a_member_without_a_fold_is_refused(train):
    with pytest.raises(InputError, match="no fold 7.*0 to 2"):
        train(member=7)


def test_neither_its_own_fold_nor_the_held_out_images_train_a_member(train, data, monkeypatch):
    from digits.model import training

    seen = []

    class Recorded(training.AugmentedBatches):
        def __init__(self, images, *rest, **named):
            seen.append(images)
            super().__init__(images, *rest, **named)

    monkeypatch.setattr(training, "AugmentedBatches", Recorded)
    train(member=1, epochs=1)
    expected = data.images[(data.fold != 1) & (data.fold != arrays.HELD_OUT)]
    np.testing.assert_array_equal(seen[0], expected)


@pytest.mark.parametrize(
    ("typed", "images", "used"),
    [(7, 40_000, 7), (512, 100, 512), ("auto", 40_000, 256), ("auto", 2835, 56), ("auto", 300, 32)],
)
def test_a_batch_size_is_used_as_typed_and_auto_follows_the_number_of_images(typed, images, used):
    from digits.model import training

    assert training.choose_batch_size(typed, images) == used


def test_the_precision_is_a_setting_and_the_model_computes_in_float32(train, capsys):
    compute = Settings().compute.model_dump()
    full, reduced = (train(epochs=1, compute=compute | {"precision": name}) for name in ("float32", "mixed_bfloat16"))
    assert reduced[0] != full[0]
    assert reduced[2]["precision"] == "mixed_bfloat16" and reduced[2]["threads"] == 2
    with zipfile.ZipFile(io.BytesIO(reduced[0])) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    assert {layer["config"]["dtype"]["config"]["name"] for layer in layers[1:]} == {"float32"}
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line.startswith("training member 0 on ") and "float32" in first_line


@pytest.mark.parametrize(
    ("information", "name"), [("Model: \t\t NVIDIA H100\nIRQ: 1\n", "NVIDIA H100"), ("", "NVIDIA GPU")]
)
def test_a_gpu_that_tensorflow_cannot_use_is_named(backend, information, name):
    assert backend._model_name(information) == name


def test_a_gpu_trains_the_same_bytes_twice(train, backend):
    if not backend.tensorflow.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU")
    first, second = train(), train()
    assert first == second and first[2]["device"] != "CPU"
