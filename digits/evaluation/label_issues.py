"""Find labels that are probably wrong, by confident learning.

Source: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021), as
implemented by cleanlab, from predictions of networks that were not trained on the image.
"""

import numpy as np
import pandas as pd
from cleanlab.count import num_label_issues
from cleanlab.rank import get_label_quality_scores

from digits.evaluation.predictions import PROBABILITIES


def rank(predictions: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Sort predictions by the quality of their labels, most questionable first.

    Returns:
        the sorted table, and how many of its first images are probably mislabelled.
    """
    labels, probabilities = predictions.label.to_numpy(), predictions[PROBABILITIES].to_numpy()
    quality = get_label_quality_scores(labels, probabilities)
    return predictions.iloc[np.argsort(quality, kind="stable")], int(num_label_issues(labels, probabilities))
