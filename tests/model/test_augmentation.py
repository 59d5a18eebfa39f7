"""Augmentation agrees with a slow reference, keeps the ink, and depends on (seed, epoch, batch) alone."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform, map_coordinates

from digits.data import sources
from digits.model import augmentation
from digits.settings import Settings

BOUNDS = Settings().augment.model_dump()


@pytest.fixture(scope="module")
def images():
    return sources.load_sample()[0][:256]


def batches(images, **changes):
    arguments = {"batch_size": 32, "epochs": 3, "seed": (1, 0), "bounds": BOUNDS} | changes
    return augmentation.AugmentedBatches(images, np.arange(len(images)) % 10, **arguments)


def affine_maps(count, rotate=0, zoom=0, shift=0, shear=0, seed=3):
    return augmentation.sample_affine(np.random.default_rng(seed), count, rotate, zoom, shift, shear)


def test_its_affine_maps_agree_with_scipy(images):
    """Compare with the four steps as matrices of points (row, column), inverted and resampled by SciPy."""
    draws = np.random.default_rng(3)
    rotation, shear = np.deg2rad(draws.uniform(-1, 1, (2, 256)) * [[30], [20]])
    width, height = 1 + 0.3 * draws.uniform(-1, 1, (2, 256))
    right, down = 4 * draws.uniform(-1, 1, (2, 256))
    got = augmentation.resample(images, affine_maps(256, rotate=30, zoom=0.3, shift=4, shear=20))
    for i, image in enumerate(images):
        scale = np.diag([height[i], width[i]])
        sheared = np.array([[1, 0], [np.tan(shear[i]), 1]])
        rotated = np.array([[np.cos(rotation[i]), np.sin(rotation[i])], [-np.sin(rotation[i]), np.cos(rotation[i])]])
        inverse = np.linalg.inv(rotated @ sheared @ scale)
        offset = 13.5 - inverse @ (13.5 + np.array([down[i], right[i]]))
        expected = affine_transform(image.astype(np.float64), inverse, offset, order=1, mode="grid-constant")
        np.testing.assert_allclose(got[i], expected, atol=0.05)


def test_bounds_of_zero_change_nothing(images):
    np.testing.assert_array_equal(augmentation.resample(images, affine_maps(256)), images)


def test_the_default_bounds_keep_the_ink_in_the_frame(images):
    """Compare with the ink that the same maps give on a frame with a margin."""
    margin = 14
    points = augmentation.sample_affine(np.random.default_rng(0), 256, **BOUNDS)
    right, down = points[:, :, :1, 1:2] - points[:, :, :1, :1], points[:, :, 1:2, :1] - points[:, :, :1, :1]
    row, column = np.mgrid[-margin : 28 + margin, -margin : 28 + margin]
    x, y = points[:, :, :1, :1] + right * column + down * row
    kept = augmentation.resample(images, points).sum(axis=(1, 2))
    for i, image in enumerate(images):
        whole = map_coordinates(image.astype(np.float64), [y[i], x[i]], order=1, mode="grid-constant").sum()
        kept[i] /= whole
    assert kept.min() > 0.94 and kept.mean() > 0.998


def test_rotations_fill_their_bounds_and_do_not_exceed_them():
    x, y = affine_maps(5000, rotate=10)
    degrees = np.rad2deg(np.arctan2(x[:, 20, 5] - x[:, 10, 5], y[:, 20, 5] - y[:, 10, 5]))
    assert 9.9 < degrees.max() <= 10.001 and -10.001 <= degrees.min() < -9.9


def test_a_batch_depends_on_its_number_alone(images):
    backwards, forwards = batches(images), batches(images)
    expected = list(forwards)
    for i in reversed(range(len(backwards))):
        np.testing.assert_array_equal(backwards[i][0], expected[i][0])
        np.testing.assert_array_equal(backwards[i][1], expected[i][1])


def test_a_resumed_training_gets_the_batches_of_an_uninterrupted_one(images):
    whole, rest = batches(images), batches(images, first_epoch=2)
    assert len(rest) == whole.steps
    np.testing.assert_array_equal(rest[3][0], whole[2 * whole.steps + 3][0])


def test_each_epoch_and_each_seed_gives_other_images(images):
    first, other = batches(images[:1], batch_size=1), batches(images[:1], batch_size=1, seed=(1, 1))
    assert (first[0][0] != first[1][0]).any()
    assert (first[0][0] != other[0][0]).any()


def test_an_epoch_takes_every_image_once_and_fills_up_its_last_batch(images):
    shown = batches(images, batch_size=50, epochs=1)
    assert shown.steps == 6
    assert set(shown._epoch_order(0)[:256]) == set(shown._epoch_order(0)[:300]) == set(range(256))
    assert all(shown[i][0].shape == (50, 28, 28) for i in range(6))
