"""A table of the labelled images that were predicted by networks not trained on them.

One row an image, in the order of data/raw/train.csv, with the columns

row         int64, the image's row in data/raw/train.csv, counted from 1
label       int64, the digit given in that file
predicted   int64, the digit of the highest probability
confidence  float64 in 0-1, the highest probability
split       "held-out", predicted by the whole ensemble, or "out-of-fold", predicted by the one member not trained on it
p0 ... p9   float32, the probabilities

The images themselves are not in the table: `images[row - 1]` looks up the few that are shown.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits import arrays

HELD_OUT, OUT_OF_FOLD = SPLITS = ("held-out", "out-of-fold")
PROBABILITIES = [f"p{digit}" for digit in range(10)]


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
    """Select the `count` images of the lowest confidence, least confident first."""
    return predictions.sort_values("confidence", kind="stable").head(count)
