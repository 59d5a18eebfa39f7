"""The strokes that were found in a picture, dark on light or light on dark."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_CONTRAST = 24  # grey levels between ink and paper, of 255
FULL_CONTRAST = 0.75  # contrast from which on a pixel of a photo is full ink


class Strokes(NamedTuple):
    """Strokes of one polarity; a contrast of 1 is that of the centre of a typical stroke.

    Attributes:
        contrast: (height, width) float32, of each pixel to the paper.
        mask: (height, width) bool, the pixels of ink.
        min_contrast: the minimum contrast of ink, (height, width) or a number.
        noise: standard deviation of the contrast of paper, (height, width) or a number.
        lost_light: fraction of the paper's light that a contrast of 1 takes away.
        grey_levels: difference between the centre of the strokes and the paper, 0–255.
        has_two_tones: whether a threshold found the strokes, so that there are no shadows.
        is_drawing: whether the paper has no noise.
    """

    contrast: NDArray[np.float32]
    mask: NDArray[np.bool_]
    min_contrast: NDArray[np.float32] | float
    noise: NDArray[np.float32] | float
    lost_light: float
    grey_levels: float
    has_two_tones: bool = False
    is_drawing: bool = False

    def ink(self) -> NDArray[np.float32]:
        """Scale the contrast of the ink to 0–1: (height, width) float32, 0 for paper."""
        scale = np.maximum((1 if self.has_two_tones else FULL_CONTRAST) - self.min_contrast, 0.1)
        return np.where(self.mask, np.clip((self.contrast - self.min_contrast) / scale, 0, 1), 0).astype(np.float32)
