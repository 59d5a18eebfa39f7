"""The 70,000 images of `keras.datasets.mnist`, its test images as the unlabelled ones."""

import os
from pathlib import Path

from digits.data import kaggle_csv
from digits.errors import InputError

DESCRIPTION = "MNIST"


def fetch(folder: Path) -> Path:
    """Download MNIST to Keras's cache, unless it is there, and write the files to `folder`.

    Raises:
        InputError: The download failed.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the user's keras.json may name one that is not installed
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    try:
        (images, labels), (unlabelled, _) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception for each failure of the download
        message = " ".join(str(error).split())
        raise InputError(f"MNIST could not be downloaded ({message}); check the network connection") from None
    kaggle_csv.write_files(folder, images, labels, unlabelled)
    return folder
