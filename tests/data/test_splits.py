"""The split: stratified, complete, repeatable, and identical images are never on both sides."""

import numpy as np
import pytest

from digits.arrays import HELD_OUT
from digits.data.splits import assign_folds
from digits.errors import InputError


@pytest.fixture
def labelled():
    """1,000 random images, the last 300 of them copies of the first; labels (1000,)."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (1000, 28, 28), dtype=np.uint8)
    labels = np.arange(1000) % 10
    images[700:] = images[:300]
    labels[700:] = labels[:300]
    return images, labels


def test_identical_images_share_a_fold(labelled):
    fold = assign_folds(*labelled, 0.2, 5, seed=1)
    np.testing.assert_array_equal(fold[700:], fold[:300])


def test_the_folds_have_the_requested_sizes_and_contain_every_digit(labelled):
    images, labels = labelled[0][:700], labelled[1][:700]
    fold = assign_folds(images, labels, 0.2, 5, seed=1)
    assert fold.dtype == np.int8 and (fold == HELD_OUT).sum() == 140
    assert [(fold == k).sum() for k in range(5)] == [112] * 5
    for k in range(HELD_OUT, 5):
        counts = np.bincount(labels[fold == k], minlength=10)
        assert counts.max() - counts.min() <= 1


def test_nothing_is_held_out_if_the_test_fraction_is_0(labelled):
    assert assign_folds(*labelled, 0, 10, seed=1).min() == 0


def test_the_same_seed_gives_the_same_folds_and_another_seed_others(labelled):
    first, again, other = (assign_folds(*labelled, 0.1, 10, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_digit_with_too_few_images_is_named(labelled):
    images, labels = labelled
    keep = (labels != 7) | (np.arange(1000) < 40)
    with pytest.raises(InputError, match="split.folds is 10 .* only 4 different images have the label 7"):
        assign_folds(images[keep], labels[keep], 0.1, 10, seed=1)
