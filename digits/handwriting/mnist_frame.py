"""Put handwriting into MNIST's frame: 28×28, the digit 20 on its longer side, its centre of mass in the middle.

The steps are those of LeCun's MNIST page, with the offset as Yadav and Bottou reconstructed it ("Cold Case: The Lost
MNIST Digits", 2019).
"""

import numpy as np
from PIL import Image

SIDE = 28
BOX = 20


def frame(ink):
    """Fit one digit into MNIST's frame.

    Args:
        ink: (height, width), any real dtype, any scale: 0 where there is no ink, larger where there is more.

    Returns:
        (28, 28) uint8, white ink (up to 255) on black (0).

    Raises:
        ValueError: there is no ink.
    """
    ink = np.asarray(ink, np.float32)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        raise ValueError("there is no ink to frame")
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    square = Image.fromarray(_padded_to_square(digit))
    small = np.asarray(square.resize((BOX, BOX), Image.Resampling.BOX), np.float64)
    if not small.any():  # a line one pixel wide that falls between two of Pillow's boxes
        small = np.asarray(square.resize((BOX, BOX), Image.Resampling.BILINEAR), np.float64)
    centres = np.arange(BOX) + 0.5
    top, left = (_offset(centres @ small.sum(axis=axis) / small.sum()) for axis in (1, 0))
    framed = np.zeros((SIDE, SIDE), np.uint8)
    framed[top : top + BOX, left : left + BOX] = np.rint(small * (255 / small.max()))
    return framed


def _padded_to_square(digit):
    height, width = digit.shape
    side = max(height, width)
    above, before = (side - height) // 2, (side - width) // 2
    return np.pad(digit, ((above, side - height - above), (before, side - width - before)))


def _offset(barycentre):
    """Whole pixels from the frame's edge to the box's, so that the centre of mass falls on index 14.

    A barycentre just between two pixels, as a symmetric digit has it, goes to the first, whatever the rounding.
    """
    return int(np.clip(int(15 - barycentre - 1e-4), 0, SIDE - BOX))
