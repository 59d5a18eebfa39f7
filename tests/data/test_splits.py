"""The split: stratified, complete, repeatable, and never the same image on both sides."""

import numpy as np
import pytest

from digits.data.arrays import HELD_OUT
from digits.data.splits import assign_folds
from digits.errors import InputError


@pytest.fixture
def labelled():
    """1,000 made-up images, 300 of them copies of others; labels (1000,)."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (1000, 28, 28), dtype=np.uint8)
    labels = np.arange(1000) % 10
    images[700:] = images[:300]
    labels[700:] = labels[:300]
    return images, labels


def test_identical_images_share_a_fold(labelled):
    images, labels = labelled
    fold = assign_folds(images, labels, 0.2, 5, seed=1)
    np.testing.assert_array_equal(fold[700:], fold[:300])


def test_shares_are_as_asked_and_every_digit_is_everywhere(labelled):
    images, labels = labelled[0][:700], labelled[1][:700]
    fold = assign_folds(images, labels, 0.2, 5, seed=1)
    assert fold.dtype == np.int8 and (fold == HELD_OUT).sum() == 140
    assert [(fold == k).sum() for k in range(5)] == [112] * 5
    for k in range(HELD_OUT, 5):
        counts = np.bincount(labels[fold == k], minlength=10)
        assert counts.max() - counts.min() <= 1


def test_without_a_test_share_nothing_is_held_out(labelled):
    assert assign_folds(*labelled, 0, 10, seed=1).min() == 0


def test_the_seed_decides(labelled):
    first, again, other = (assign_folds(*labelled, 0.1, 10, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_digit_with_too_few_images_is_named(labelled):
    images, labels = labelled
    keep = (labels != 7) | (np.arange(1000) < 40)
    with pytest.raises(InputError, match="split.folds is 10 .* only 4 different images show a 7"):
        assign_folds(images[keep], labels[keep], 0.1, 10, seed=1)
