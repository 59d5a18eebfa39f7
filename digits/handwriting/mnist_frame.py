"""Normalize a digit as in MNIST: 28×28, its longer side 20 pixels, its centre of mass in the middle.

The steps are described on LeCun's MNIST page; the offset is that of Yadav and Bottou ("Cold Case: The Lost MNIST
Digits", 2019).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

SIDE = 28
BOX = 20


def frame(ink: ArrayLike) -> NDArray[np.uint8]:
    """Scale and centre one digit as in MNIST.

    Args:
        ink: (height, width), any real dtype and scale: 0 for paper, larger values for stronger ink.

    Returns:
        (28, 28) uint8, white ink (up to 255) on black (0).

    Raises:
        ValueError: there is no ink.
    """
    ink = np.asarray(ink, np.float32)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        raise ValueError("there is no ink to frame")
    square = Image.fromarray(_pad_to_square(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))
    small = np.asarray(square.resize((BOX, BOX), Image.Resampling.BOX), np.float64)
    if not small.any():  # a line one pixel wide may fall between two of Pillow's boxes
        small = np.asarray(square.resize((BOX, BOX), Image.Resampling.BILINEAR), np.float64)
    positions = np.arange(BOX) + 0.5
    top, left = (_offset(positions @ small.sum(axis=axis) / small.sum()) for axis in (1, 0))
    framed = np.zeros((SIDE, SIDE), np.uint8)
    framed[top : top + BOX, left : left + BOX] = np.rint(small * (255 / small.max()))
    return framed


def _pad_to_square(digit):
    height, width = digit.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(digit, ((top, side - height - top), (left, side - width - left)))


def _offset(centre):
    """Return the box's offset in the frame, in whole pixels, that puts the centre of mass at index 14.

    A centre halfway between two pixels, as of a symmetric digit, is rounded down regardless of floating-point errors.
    """
    return int(np.clip(int(15 - centre - 1e-4), 0, SIDE - BOX))
