"""Split labelled images into a held-out test set and folds."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

from digits.arrays import HELD_OUT
from digits.errors import InputError


def assign_folds(
    images: NDArray[np.uint8], labels: NDArray[np.integer], test: float, folds: int, seed: int
) -> NDArray[np.int8]:
    """Assign each image to a fold, stratified by label; identical images share a fold.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,) integers 0–9.
        test: fraction of the images to hold out, 0 ≤ test < 1.
        folds: number of folds, at least 2.
        seed: of the random split.

    Returns:
        (N,) int8: 0…folds−1, or HELD_OUT.

    Raises:
        InputError: A label has too few different images for the folds and the test set.
    """
    group, representatives = _group_identical(images)
    group_labels = labels[representatives]
    counts = np.bincount(group_labels, minlength=10)
    rarest = counts.argmin()
    if counts[rarest] * (1 - test) < folds + 1:
        raise InputError(
            f"params.yaml: split.folds is {folds} and split.test is {test}, but only {counts[rarest]} different images "
            f"have the label {rarest}; lower them or add images"
        )
    if 0 < test * len(representatives) <= 9:
        raise InputError(
            f"params.yaml: split.test is {test}, fewer than ten of {len(representatives)} different images, too few "
            "for all digits; raise it, or set it to 0"
        )
    fold = np.full(len(representatives), HELD_OUT, np.int8)
    rest = np.arange(len(representatives))
    if test:
        rest, _ = train_test_split(rest, test_size=test, stratify=group_labels, random_state=seed)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for k, (_, validation) in enumerate(splitter.split(rest, group_labels[rest])):
        fold[rest[validation]] = k
    return fold[group]


def _group_identical(images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group identical images: the group (N,) of each, and the first index of each group, in order of appearance."""
    group, _ = pd.factorize(np.array([image.tobytes() for image in images], dtype=object))
    _, representatives = np.unique(group, return_index=True)
    return group, representatives
