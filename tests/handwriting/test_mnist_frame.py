"""MNIST's frame, by its properties and on the sample."""

import numpy as np
import pytest

from digits.data import sources
from digits.handwriting.mnist_frame import frame


def centre_of_mass(image):
    ink = image.astype(float)
    return [(ink.sum(axis=axis) @ np.arange(28)) / ink.sum() for axis in (1, 0)]


@pytest.fixture
def stroke():
    """A thick, slanted stroke somewhere on a canvas (300, 400), 0–1."""
    rows, columns = np.mgrid[:300, :400]
    return (np.abs(columns - 250 - 0.3 * (rows - 150)) < 12) * (np.abs(rows - 150) < 90) * 1.0


def test_the_longer_side_is_20_and_the_centre_of_mass_in_the_middle(stroke):
    framed = frame(stroke)
    rows, columns = np.flatnonzero(framed.any(axis=1)), np.flatnonzero(framed.any(axis=0))
    assert framed.shape == (28, 28) and framed.dtype == np.uint8 and framed.max() == 255
    assert np.ptp(rows) + 1 == 20 and np.ptp(columns) + 1 < 20
    assert all(13.4999 <= centre < 14.5 for centre in centre_of_mass(framed))


def test_place_and_strength_of_the_ink_do_not_matter(stroke):
    moved = np.roll(np.roll(stroke, -40, axis=0), -180, axis=1) * 97
    np.testing.assert_array_equal(frame(moved), frame(stroke))


def test_a_digit_in_the_frame_stays_as_it_is(stroke):
    framed = frame(stroke)
    np.testing.assert_array_equal(frame(framed), framed)


def test_a_single_pixel_and_a_thin_line_are_framed():
    dot, line = np.zeros((9, 9)), np.zeros((300, 300))
    dot[4, 4], line[:, 7] = 1, 1
    assert frame(dot).sum() == 400 * 255
    assert frame(line).any(axis=1).sum() == 20


@pytest.mark.parametrize("side", [20, 21, 39, 145, 199, 492])
def test_a_line_one_pixel_wide_is_never_lost_whatever_its_length(side):
    for line in (np.ones((side, 1)), np.ones((1, side))):
        framed = frame(line)
        assert framed.max() == 255 and max(framed.any(axis=axis).sum() for axis in (0, 1)) == 20


def test_without_ink_there_is_nothing_to_frame():
    with pytest.raises(ValueError, match="no ink"):
        frame(np.zeros((10, 10)))


def test_mnists_own_images_stay_as_they_are():
    images = sources.sample()[0]
    framed = np.stack([frame(image) for image in images])
    assert (np.abs(framed.astype(int) - images).max(axis=(1, 2)) <= 1).mean() > 0.995
