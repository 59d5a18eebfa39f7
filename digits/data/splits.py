"""Cut labelled images into a held-out test set and folds."""

import hashlib

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from digits.data.arrays import HELD_OUT
from digits.errors import InputError


def assign_folds(images, labels, test, folds, seed):
    """Give each image a fold, stratified by label; images that are the same, byte for byte, share one.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,) integers 0–9.
        test: share of the images to hold out, 0 ≤ test < 1.
        folds: number of folds, at least 2.
        seed: of the draw.

    Returns:
        (N,) int8: 0…folds−1, or HELD_OUT.

    Raises:
        InputError: a label has too few different images to be in every fold and in the test set.
    """
    group, representatives = _group_identical(images)
    group_labels = labels[representatives]
    counts = np.bincount(group_labels, minlength=10)
    scarce = counts.argmin()
    if counts[scarce] * (1 - test) < folds + 1:
        raise InputError(
            f"params.yaml: split.folds is {folds} and split.test is {test}, but only {counts[scarce]} different images "
            f"show a {scarce}; lower them or add images"
        )
    if 0 < test * len(representatives) <= 9:
        raise InputError(
            f"params.yaml: split.test is {test}, which is less than ten of {len(representatives)} different images, too few "
            "to show each digit; raise it, or set it to 0"
        )
    fold = np.full(len(representatives), HELD_OUT, np.int8)
    rest = np.arange(len(representatives))
    if test:
        rest, _ = train_test_split(rest, test_size=test, stratify=group_labels, random_state=seed)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for k, (_, validation) in enumerate(splitter.split(rest, group_labels[rest])):
        fold[rest[validation]] = k
    return fold[group]


def _group_identical(images):
    """Number the different images in the order of their first appearance: group (N,), first index of each group."""
    numbers, representatives = {}, []
    group = np.empty(len(images), np.int64)
    for i, image in enumerate(images):
        key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        if key not in numbers:
            numbers[key] = len(numbers)
            representatives.append(i)
        group[i] = numbers[key]
    return group, np.array(representatives)
