"""Digits are framed as in MNIST."""

import numpy as np
import pytest

from digits.data import sources
from digits.handwriting.mnist_frame import frame


@pytest.fixture
def stroke():
    """A thick, slanted stroke on a canvas (300, 400), 0–1."""
    rows, columns = np.mgrid[:300, :400]
    return (np.abs(columns - 250 - 0.3 * (rows - 150)) < 12) * (np.abs(rows - 150) < 90) * 1.0


def test_the_longer_side_is_20_pixels_and_the_centre_of_mass_is_in_the_middle(stroke):
    framed = frame(stroke)
    rows, columns = np.flatnonzero(framed.any(axis=1)), np.flatnonzero(framed.any(axis=0))
    assert framed.shape == (28, 28) and framed.dtype == np.uint8 and framed.max() == 255
    assert np.ptp(rows) + 1 == 20 and np.ptp(columns) + 1 < 20
    for axis in (0, 1):
        centre = framed.sum(axis=axis) @ np.arange(28) / framed.sum()
        assert 13.4999 <= centre < 14.5


def test_position_and_strength_of_the_ink_do_not_matter(stroke):
    moved = np.roll(np.roll(stroke, -40, axis=0), -180, axis=1) * 97
    np.testing.assert_array_equal(frame(moved), frame(stroke))


def test_framing_twice_changes_nothing(stroke):
    np.testing.assert_array_equal(frame(frame(stroke)), frame(stroke))


def test_a_single_pixel_fills_the_box():
    dot = np.zeros((9, 9))
    dot[4, 4] = 1
    assert frame(dot).sum() == 20 * 20 * 255


@pytest.mark.parametrize("side", [20, 21, 39, 145, 199, 492])
def test_a_line_one_pixel_wide_is_kept_at_any_length(side):
    for line in (np.ones((side, 1)), np.ones((1, side))):
        framed = frame(line)
        assert framed.max() == 255 and max(framed.any(axis=axis).sum() for axis in (0, 1)) == 20


def test_a_picture_without_ink_is_refused():
    with pytest.raises(ValueError, match="no ink"):
        frame(np.zeros((10, 10)))


def test_mnist_images_stay_unchanged():
    images = sources.load_sample()[0][:1000]
    framed = np.stack([frame(image) for image in images])
    assert (np.abs(framed.astype(int) - images).max(axis=(1, 2)) <= 1).mean() > 0.995
