"""Read pictures of handwriting: from a file to the digits in it, with their probabilities."""

import io
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from digits.errors import InputError
from digits.handwriting import mnist_frame, numbers
from digits.handwriting.ink import find_ink
from digits.model import ensemble
from digits.settings import Members, Params

warnings.filterwarnings("ignore", module=r"PIL\.")  # what Pillow thinks of odd pictures; what matters is an error below
MAX_PIXELS = 50_000_000
BATCH = 32  # parts of a number that are classified at a time
HEIC = b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"  # the kinds of ISO media file that phones write
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit, which warns first; ours is checked before anything is decoded


class _Params(Params):
    members: Members


class Answer(NamedTuple):
    """What was read: probabilities (10,) float32, and the image (28, 28) uint8 that the network saw."""

    probabilities: np.ndarray
    image: np.ndarray

    @property
    def digit(self):
        return int(self.probabilities.argmax())

    @property
    def probability(self):
        return float(self.probabilities.max())

    def listed(self):
        return [round(float(probability), 6) for probability in self.probabilities]


class Reader:
    """The networks of the ensemble, ready to read."""

    def __init__(self, networks):
        self.networks = networks

    @classmethod
    def load(cls):
        """Load the members that params.yaml lists.

        Raises:
            InputError: one of them has not been trained.
        """
        return cls(ensemble.load(_Params.load().members))

    def read(self, picture, number=False):
        """Read the digit in a PIL.Image.Image, or with `number` the digits from left to right, as a list of Answer.

        Raises:
            InputError: the picture is blank.
        """
        ink = find_ink(picture)
        if number:
            images, probabilities = numbers.split(ink, self._classify)
        else:
            images = [mnist_frame.frame(ink)]
            probabilities = self._classify(np.array(images))
        return [Answer(*pair) for pair in zip(probabilities, images, strict=True)]

    def _classify(self, images):
        """Classify images (N, 28, 28), in batches of 1 or BATCH, since TensorFlow builds a graph for each new size."""
        if len(images) == 1:
            return ensemble.mean_probabilities(self.networks, images)
        padded = np.pad(images, ((0, -len(images) % BATCH), (0, 0), (0, 0)))
        batches = [
            ensemble.mean_probabilities(self.networks, padded[start : start + BATCH])
            for start in range(0, len(padded), BATCH)
        ]
        return np.concatenate(batches)[: len(images)]


def expand(names):
    """Put in place of each folder the files in it and below, in their order; hidden ones are left out."""
    for name in names:
        if name != "-" and Path(name).is_dir():
            files = sorted(path for path in Path(name).rglob("*") if path.is_file())
            yield from (
                str(path) for path in files if not any(part.startswith(".") for part in path.relative_to(name).parts)
            )
        else:
            yield name


def open_picture(name):
    """Open an image file, `-` for standard input, as a PIL.Image.Image.

    Raises:
        InputError: there is no such file, it is no image, or it has more than MAX_PIXELS.
    """
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    if not content:
        raise InputError("is empty")
    return decode_picture(content)


def decode_picture(content, formats=None, most_pixels=MAX_PIXELS):
    """Decode the bytes of an image file as a PIL.Image.Image; `formats` names those allowed, as Pillow does.

    Raises:
        InputError: it is no image, damaged, or has more than `most_pixels`.
    """
    try:
        picture = Image.open(io.BytesIO(content), formats=formats)
        width, height = picture.size
        if width * height > most_pixels:
            raise InputError(f"has {width:,} × {height:,} pixels; at most {most_pixels:,} are read")
        picture.load()
    except InputError:
        raise
    except UnidentifiedImageError:
        if content[4:8] == b"ftyp" and content[8:12] in HEIC:
            raise InputError("is a HEIC picture, which is not read; save it as JPEG or PNG") from None
        raise InputError("is no image") from None
    except Exception as error:  # whatever a damaged file makes of Pillow's many decoders
        raise InputError(f"is damaged ({type(error).__name__})") from None
    return picture
