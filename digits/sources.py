"""Where the images come from: each source leaves Kaggle's three files in a folder.

digits    the 1,797 handwritten digits that ship with scikit-learn, 8×8, drawn up to MNIST's frame
kaggle    the competition's own files, through Kaggle's client and the person's account
mnist     the 70,000 digits of `keras.datasets.mnist`, its test images as the unlabelled ones
incoming  files in Kaggle's format that the person put into data/incoming/
"""

from pathlib import Path

import numpy as np
from PIL import Image

from digits import kaggle_csv, mnist_frame
from digits.errors import InputError

INCOMING = Path("data/incoming")
_CUTS = 0.3, 0.7  # of the labelled digits of scikit-learn, see draw_up: from a thick pen to a thin one


def deliver(source, scratch):
    """Make the source's files available.

    Args:
        source: a name in SOURCES.
        scratch: an existing folder that a source may write to.

    Returns:
        the folder with train.csv, test.csv and sample_submission.csv, not yet checked.

    Raises:
        InputError: the source is not to be had; the message says what is missing.
    """
    return SOURCES[source](Path(scratch))


def embedded_digits():
    """Read scikit-learn's digits and cut them in two, 70 % labelled and 30 % not.

    People write with other pens than those writers did, so the labelled ones are drawn up with strokes of many widths.

    Returns:
        labelled images (1257, 28, 28) uint8 and labels (1257,), unlabelled images (540, 28, 28) and their labels
        (540,), which no stage may see: they are for judging a submission.
    """
    from sklearn.datasets import load_digits  # here, as the other sources need not wait for it
    from sklearn.model_selection import train_test_split

    bundle = load_digits()
    labels = bundle.target.astype(np.uint8)
    known, unknown = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    cuts = np.random.default_rng(0).uniform(*_CUTS, len(known))
    labelled = np.stack([draw_up(image, cut) for image, cut in zip(bundle.images[known], cuts, strict=True)])
    unlabelled = np.stack([draw_up(image) for image in bundle.images[unknown]])
    return labelled, labels[known], unlabelled, labels[unknown]


def draw_up(image, cut=0.5):
    """Draw an 8×8 digit (ink 0–16: how many pixels of a 4×4 block were black) up to MNIST's frame.

    The blocks' ink is interpolated on a fine grid and cut, which gives a stroke its edge back.

    Args:
        image: (8, 8).
        cut: share of full ink at which the edge lies, 0 to 1: at half where it was, at less the stroke is thicker.

    Returns:
        (28, 28) uint8, white on black.
    """
    padded = np.pad(np.asarray(image, np.float32) / 16, 1)
    side = len(padded) * 16
    fine = np.asarray(Image.fromarray(padded).resize((side, side), Image.Resampling.BICUBIC))
    return mnist_frame.frame(np.clip((fine - cut) * 4 + 0.5, 0, 1))


def _digits(scratch):
    images, labels, unlabelled, _ = embedded_digits()
    return _write(scratch, images, labels, unlabelled)


def _mnist(scratch):
    from digits.backend import keras  # starts TensorFlow, which no other source needs

    try:
        (images, labels), (unlabelled, _) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception for every failure of the download
        raise InputError(f"MNIST could not be downloaded ({' '.join(str(error).split())}); is there a network?") from None
    return _write(scratch, images, labels, unlabelled)


def _kaggle(scratch):
    from digits import kaggle_client  # starts the network code, which no other source needs

    return kaggle_client.download()


def _incoming(scratch):
    absent = [name for name in kaggle_csv.FILES if not (INCOMING / name).is_file()]
    if absent:
        raise InputError(f"source: incoming needs {', '.join(absent)} in {INCOMING}/; unpack Kaggle's digit-recognizer.zip there")
    return INCOMING


def _write(folder, images, labels, unlabelled):
    kaggle_csv.write_train(folder / "train.csv", images, labels)
    kaggle_csv.write_test(folder / "test.csv", unlabelled)
    kaggle_csv.write_submission(folder / "sample_submission.csv", np.zeros(len(unlabelled), np.uint8))
    return folder


SOURCES = {"digits": _digits, "kaggle": _kaggle, "mnist": _mnist, "incoming": _incoming}
