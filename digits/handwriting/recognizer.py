"""Recognize handwritten digits in pictures: from a file to the digits and their probabilities."""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from digits.errors import InputError
from digits.handwriting import mnist_frame, numbers
from digits.handwriting.ink import find_ink
from digits.model import backend, network, prediction
from digits.model.backend import keras
from digits.settings import Members, Network, Params

MAX_PIXELS = 50_000_000
HEIC_BRANDS = b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"  # of the ISO media files that phones write


class _Params(Params):
    members: Members
    network: Network


class Prediction(NamedTuple):
    """The prediction for one digit.

    Attributes:
        probabilities: (10,) float32.
        image: (28, 28) uint8, the input of the network.
    """

    probabilities: NDArray[np.float32]
    image: NDArray[np.uint8]

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    def rounded_probabilities(self) -> list[float]:
        return [round(float(probability), 6) for probability in self.probabilities]


class Recognizer:
    """Recognizes handwritten digits with an ensemble of networks."""

    def __init__(self, networks: Sequence[keras.Model]):
        self.networks = networks

    @classmethod
    def load(cls) -> "Recognizer":
        """Load the members that params.yaml lists.

        Raises:
            InputError: a member has not been trained.
        """
        backend.configure()
        params = _Params.load()
        return cls(network.load_members(params.members, **params.network.model_dump()))

    def predict(self, picture: Image.Image, number: bool = False) -> list[Prediction]:
        """Recognize the digit in a picture.

        Args:
            picture: any mode and size, see `find_ink`.
            number: whether the picture has several digits in a row.

        Returns:
            One prediction; with `number`, one for each digit from left to right.

        Raises:
            InputError: the picture is blank, contains no digit, or is not a single row of digits.
        """
        ink = find_ink(picture)
        if number:
            images, probabilities = numbers.split(ink, self._classify)
        else:
            images = [mnist_frame.frame(ink)]
            probabilities = self._classify(np.array(images))
        return [Prediction(*pair) for pair in zip(probabilities, images, strict=True)]

    def _classify(self, images):
        """Average the members' probabilities (N, 10) for images (N, 28, 28)."""
        return np.mean([prediction.predict(model, images) for model in self.networks], axis=0)


def expand_folders(names: Iterable[str]) -> Iterator[str]:
    """Replace each folder by the files in it and its subfolders, sorted and without hidden ones.

    A folder without files stays, for the error message of `open_picture`.
    """
    for name in names:
        if name == "-" or not Path(name).is_dir():
            yield name
            continue
        files = [path for path in sorted(Path(name).rglob("*")) if path.is_file()]
        visible = [path for path in files if not any(part.startswith(".") for part in path.relative_to(name).parts)]
        yield from map(str, visible or [Path(name)])


def open_picture(name: str | Path) -> Image.Image:
    """Open an image file; `-` is standard input.

    Raises:
        InputError: the file is missing, is not an image, is damaged, or has more than MAX_PIXELS.
    """
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    if not content:
        raise InputError("is empty")
    return _decode(content)


def _decode(content):
    try:
        picture = Image.open(io.BytesIO(content))
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise InputError(f"has {width:,} × {height:,} pixels; the maximum is {MAX_PIXELS:,}")
        picture.load()
    except InputError:
        raise
    except Image.DecompressionBombError:  # raised above Pillow's own limit, which is higher
        raise InputError(f"has too many pixels; the maximum is {MAX_PIXELS:,}") from None
    except UnidentifiedImageError:
        if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
            raise InputError("is a HEIC picture, which is not supported; save it as JPEG or PNG") from None
        raise InputError("is not an image") from None
    except Exception as error:  # Pillow's decoders raise many types for damaged files
        raise InputError(f"is damaged ({type(error).__name__})") from None
    return picture
