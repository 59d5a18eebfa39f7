"""A table of the labelled images that were predicted by networks not trained on them.

A row per image, in the order of data/raw/train.csv, with the columns

row         int64, the image's row in data/raw/train.csv, counted from 1
label       int64, the digit given in that file
predicted   int64, the digit of the highest probability
confidence  float64 in 0-1, the highest probability
split       "held-out", predicted by the whole ensemble, or "out-of-fold", predicted by the one member not trained on it
p0 ... p9   float32, the probabilities

The images themselves are not in the table: `images[row - 1]` looks up the few that are shown.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits import arrays

HELD_OUT, OUT_OF_FOLD = SPLITS = ("held-out", "out-of-fold")
PROBABILITIES = [f"p{digit}" for digit in range(10)]


def combine(
    fold: NDArray[np.int8], members: Sequence[int], predictions: Sequence[arrays.MemberPredictions]
) -> NDArray[np.float32]:
    """Combine what the members predict: their mean for held-out images, member K's own for fold K.

    Args:
        fold: (N,), arrays.HELD_OUT for held-out images.
        members: their numbers.
        predictions: one of each member.

    Returns:
        probabilities (N, 10), NaN for the images of folds whose member is not listed.
    """
    probabilities = np.full((len(fold), 10), np.nan, np.float32)
    probabilities[fold == arrays.HELD_OUT] = np.mean([each.held_out for each in predictions], axis=0)
    for member, each in zip(members, predictions, strict=True):
        probabilities[fold == member] = each.fold
    return probabilities


def tabulate(labels: NDArray[np.uint8], fold: NDArray[np.int8], probabilities: NDArray[np.float32]) -> pd.DataFrame:
    """Make the table of the images that have a prediction.

    Args:
        labels: (N,), 0-9.
        fold: (N,), arrays.HELD_OUT for held-out images.
        probabilities: (N, 10), NaN for images without a prediction.
    """
    places = np.flatnonzero(~np.isnan(probabilities[:, 0]))
    probabilities = probabilities[places]
    table = pd.DataFrame(
        {
            "row": places + 1,
            "label": labels[places].astype(int),
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1).astype(float),
            "split": pd.Categorical.from_codes(np.where(fold[places] == arrays.HELD_OUT, 0, 1), list(SPLITS)),
        }
    )
    return table.join(pd.DataFrame(probabilities, columns=PROBABILITIES))


def select_misclassified(predictions: pd.DataFrame) -> pd.DataFrame:
    """Select the misclassified images, most confident first."""
    wrong = predictions[predictions.predicted != predictions.label]
    return wrong.sort_values("confidence", ascending=False, kind="stable")


def select_least_confident(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """Select the `count` correctly classified images of the lowest confidence, least confident first."""
    correct = predictions[predictions.predicted == predictions.label]
    return correct.sort_values("confidence", kind="stable").head(count)
