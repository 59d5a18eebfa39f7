"""Write the ensemble's predictions as Kaggle's submission file.

data/predictions/unlabelled.npz  probabilities (M, 10) float32
data/raw/sample_submission.csv   the ids that Kaggle expects, in order
data/prepared/labelled.npz       labels (N,), to compare how often each digit occurs
→ reports/submission.csv         ImageId, Label
"""

import numpy as np

from digits import errors, versions
from digits.data import arrays, kaggle_csv

SUBMISSION = "reports/submission.csv"


def main() -> None:
    versions.check()
    predicted = arrays.load_probabilities("data/predictions/unlabelled.npz").argmax(axis=1)
    expected = kaggle_csv.read_submission("data/raw/sample_submission.csv")
    if len(predicted) != len(expected):
        raise errors.InputError(
            f"data/predictions/unlabelled.npz has {len(predicted)} predictions, but data/raw/sample_submission.csv has "
            f"{len(expected)} ids; run `dvc repro`"
        )
    kaggle_csv.write_submission(SUBMISSION, predicted)

    labels = arrays.load_labelled("data/prepared/labelled.npz").labels
    print(f"{SUBMISSION}: {len(predicted):,} predictions. How often each digit occurs:")
    print("digit         " + "".join(f"{digit:7}" for digit in range(10)))
    for name, digits in [("training set", labels), ("submission", predicted)]:
        fractions = np.bincount(digits, minlength=10) / len(digits)
        print(f"{name:14}" + "".join(f"{fraction:7.1%}" for fraction in fractions))


if __name__ == "__main__":
    errors.run(main)
