"""Labels that are probably wrong, by confident learning.

Source: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021), as
cleanlab computes it from predictions of networks that had not learned from the image.
"""

import numpy as np
from cleanlab.count import num_label_issues
from cleanlab.rank import get_label_quality_scores


def ranked(judged):
    """Order Predictions by the doubt in the given label, the most doubtful first.

    Returns:
        the same images in that order, and how many of them, from the first on, are probably labelled wrong.
    """
    quality = get_label_quality_scores(judged.labels, judged.probabilities)
    return judged.where(np.argsort(quality, kind="stable")), int(num_label_issues(judged.labels, judged.probabilities))
