"""Predictions: test-time augmentation for the uncertain images, and probabilities that mean what they say."""

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def model():
    """A network whose predictions depend on where the ink is; its first images are predicted with a high confidence."""
    from digits.model.backend import keras

    keras.utils.set_random_seed(1)
    layers = [keras.Input((28, 28)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax", kernel_initializer="random_normal")])


def shift(images, down, right):
    """Shift images by whole pixels, without NumPy's padding."""
    shifted = np.zeros_like(images)
    for row in range(28):
        for column in range(28):
            if 0 <= row - down < 28 and 0 <= column - right < 28:
                shifted[:, row, column] = images[:, row - down, column - right]
    return shifted


def test_uncertain_images_are_averaged_over_shifts_and_certain_ones_are_not(model, few_digits):
    from digits.model import prediction

    images = few_digits[0][:50].copy()
    images[:, 0], images[:, :, 27] = 200, 90  # ink at the edge, which a shift moves out of the image
    plain = model.predict(images, verbose=0)
    shifts = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    averaged = np.mean([model.predict(shift(images, *by), verbose=0) for by in shifts], axis=0)
    threshold = float(np.median(plain.max(axis=1)))
    certain = plain.max(axis=1) >= threshold
    assert 0 < certain.sum() < 50
    got = prediction.predict(model, images, tta_below=threshold)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.where(certain[:, None], plain, averaged), atol=1e-6)


def test_the_prediction_of_an_image_does_not_depend_on_how_many_there_are(model, few_digits, monkeypatch):
    from digits.model import prediction

    monkeypatch.setattr(prediction, "BATCH", 16)
    images = few_digits[0]
    whole = prediction.predict(model, images)
    np.testing.assert_allclose(prediction.predict(model, images[:37]), whole[:37], atol=1e-6)
    assert prediction.predict(model, images[:0]).shape == (0, 10)


def test_the_temperature_undoes_a_scale_of_the_logits():
    from digits.model import calibration

    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=row) for row in probabilities])
    for scale in (0.3, 1, 4):
        assert calibration.fit_temperature(scale * logits, labels) == pytest.approx(scale, rel=0.03)


def test_a_few_images_that_are_all_correct_do_not_make_the_network_certain():
    from digits.model import calibration

    labels = np.arange(300) % 10
    logits = 5 * np.eye(10)[labels]
    scaled = logits / calibration.fit_temperature(logits, labels)
    confidence = np.exp(scaled).max(axis=1) / np.exp(scaled).sum(axis=1)
    assert confidence.max() < 1 - 1 / 400


def test_calibration_changes_the_confidence_and_no_digit(model, few_digits):
    from digits.model import calibration

    images, labels = few_digits
    before = model.predict(images, verbose=0)
    temperature = calibration.calibrate(model, images, labels)
    after = model.predict(images, verbose=0)
    expected = before ** (1 / temperature)
    np.testing.assert_allclose(after, expected / expected.sum(axis=1, keepdims=True), atol=1e-4)
    assert temperature != 1 and (before.argmax(axis=1) == after.argmax(axis=1)).all()
