"""The ensemble: an average over its members and over the image moved by a pixel, of the members asked for."""

import numpy as np
import pytest

from digits.errors import InputError
from digits.model import ensemble, network
from digits.model.backend import keras


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with members 0, 1 and 2, untrained and unlike each other."""
    folder = tmp_path_factory.mktemp("models")
    for member in range(3):
        keras.utils.set_random_seed(member)
        network.save(network.build(2, 0.0), folder / f"member-{member}.keras")
    return folder


def test_members_are_loaded_by_their_numbers_alone(models):
    assert len(ensemble.load([2, 0], models)) == 2
    with pytest.raises(InputError, match="member-3.keras is missing"):
        ensemble.load([0, 3], models)


def test_probabilities_are_the_mean_over_members_and_moves(models, few_digits):
    images = few_digits[0][:20].copy()
    images[:, 0], images[:, :, 27] = 200, 90  # ink at the edge: what is moved out is lost, and black comes in
    networks = ensemble.load([0, 2], models)
    expected = np.zeros((20, 10))
    for down, right in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]:
        moved = np.zeros_like(images)
        for row in range(28):
            for column in range(28):
                if 0 <= row - down < 28 and 0 <= column - right < 28:
                    moved[:, row, column] = images[:, row - down, column - right]
        for model in networks:
            expected += model.predict(moved, verbose=0) / 10
    got = ensemble.mean_probabilities(networks, images)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-5)


def test_no_images_give_no_probabilities(models):
    assert ensemble.mean_probabilities(ensemble.load([0], models), np.empty((0, 28, 28), np.uint8)).shape == (0, 10)
