"""Write the ensemble's answer to Kaggle.

data/predictions/unlabelled.npz  probabilities (M, 10) float32
data/raw/sample_submission.csv   the ids Kaggle expects, in its order
data/prepared/labelled.npz       labels (N,), to compare how often each digit occurs
→ reports/submission.csv         ImageId, Label
"""

import numpy as np

from digits import errors, versions
from digits.data import arrays, kaggle_csv

SUBMISSION = "reports/submission.csv"


def main():
    versions.check()
    answer = arrays.load_probabilities("data/predictions/unlabelled.npz").argmax(axis=1)
    expected = kaggle_csv.read_submission("data/raw/sample_submission.csv")
    if len(answer) != len(expected):
        raise errors.InputError(
            f"{len(answer)} predictions for {len(expected)} ids of data/raw/sample_submission.csv; run dvc repro"
        )
    kaggle_csv.write_submission(SUBMISSION, answer)

    given = arrays.load_labelled("data/prepared/labelled.npz").labels
    print(f"{SUBMISSION}: {len(answer):,} answers. How often each digit occurs:")
    print("digit         " + "".join(f"{digit:7}" for digit in range(10)))
    for name, labels in [("training set", given), ("submission", answer)]:
        shares = np.bincount(labels, minlength=10) / len(labels)
        print(f"{name:14}" + "".join(f"{share:7.1%}" for share in shares))


if __name__ == "__main__":
    errors.run(main)
