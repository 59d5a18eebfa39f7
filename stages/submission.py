"""Average the members' probabilities into Kaggle's submission file.

data/predictions/member-K.npz   unlabelled: probabilities (M, 10) float32, of each K of members
data/raw/sample_submission.csv  the ids that Kaggle expects, in order
data/prepared/labelled.npz      labels (N,), to compare how often each digit occurs
→ reports/submission.csv        ImageId, Label
"""

import numpy as np

from digits import arrays, errors, files
from digits.data import kaggle_csv
from digits.settings import Members
from digits.settings import Params as StageParams

SUBMISSION = "reports/submission.csv"


class Params(StageParams):
    members: Members


def main() -> None:
    members = Params.load().members
    files.remove_unlisted(arrays.PREDICTIONS, members)
    predictions = arrays.load_predictions(members)
    predicted = np.mean([member.unlabelled for member in predictions], axis=0).argmax(axis=1)
    expected = kaggle_csv.read_submission("data/raw/sample_submission.csv")
    if len(predicted) != len(expected):
        raise errors.InputError(
            f"{arrays.PREDICTIONS} has {len(predicted)} predictions, but data/raw/sample_submission.csv has "
            f"{len(expected)} ids; run `dvc repro`"
        )
    kaggle_csv.write_submission(SUBMISSION, predicted)

    print(f"{SUBMISSION}: {len(predicted):,} predictions. How often each digit occurs:")
    print("digit         " + "".join(f"{digit:7}" for digit in range(10)))
    for name, digits in [("training set", arrays.load_labelled().labels), ("submission", predicted)]:
        fractions = np.bincount(digits, minlength=10) / len(digits)
        print(f"{name:14}" + "".join(f"{fraction:7.1%}" for fraction in fractions))


if __name__ == "__main__":
    errors.run(main)
