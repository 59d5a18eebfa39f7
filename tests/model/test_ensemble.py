"""The ensemble averages over the listed members and over test-time augmentation."""

import numpy as np
import pytest

from digits.errors import InputError

pytestmark = pytest.mark.slow  # builds networks


@pytest.fixture(scope="module")
def ensemble():
    from digits.model import ensemble

    return ensemble


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the untrained members 0, 1 and 2."""
    from digits.model import backend, network

    backend.configure()
    folder = tmp_path_factory.mktemp("models")
    for member in range(3):
        backend.keras.utils.set_random_seed(member)
        network.save(network.build(2, 0.0), folder / f"member-{member}.keras")
    return folder


def test_the_listed_members_alone_are_loaded(ensemble, folder):
    assert len(ensemble.load([2, 0], folder)) == 2
    with pytest.raises(InputError, match="member-3.keras is missing"):
        ensemble.load([0, 3], folder)


def test_probabilities_are_the_mean_over_members_and_shifts(ensemble, folder, few_digits):
    images = few_digits[0][:20].copy()
    images[:, 0], images[:, :, 27] = 200, 90  # ink at the edge, which a shift moves out of the image
    models = ensemble.load([0, 2], folder)
    expected = np.zeros((20, 10))
    for down, right in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]:
        shifted = np.zeros_like(images)
        for row in range(28):
            for column in range(28):
                if 0 <= row - down < 28 and 0 <= column - right < 28:
                    shifted[:, row, column] = images[:, row - down, column - right]
        for model in models:
            expected += model.predict(shifted, verbose=0) / 10
    got = ensemble.mean_probabilities(models, images)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-5)


def test_no_images_give_no_probabilities(ensemble, folder):
    images = np.empty((0, 28, 28), np.uint8)
    assert ensemble.mean_probabilities(ensemble.load([0], folder), images).shape == (0, 10)
