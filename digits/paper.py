"""Tell the ink in a photo from its paper, however the light falls and whatever lies around the sheet."""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

MIN_CONTRAST = 24  # grey levels between ink and paper, of 255
SCALES = 0.04, 0.08, 0.16, 0.32  # fractions of the shorter side: widths that a stroke is narrower than
LEAST = 0.35  # fraction of the strokes' contrast that counts as ink
SURROUNDINGS = 0.75  # fraction of the shorter side: the window of the local median
_SMALL = 48  # pixels, the shorter side at which the local median is taken


class Ink(NamedTuple):
    """Strokes of one colour sense, as one scale shows them.

    Attributes:
        contrast: (height, width) float64, 0–1: the fraction of light that a pixel has lost against the paper around it,
            or, with light ink, the paper against the pixel.
        mask: (height, width) bool: where that is more than noise.
        strong: the contrast in the middle of the strokes.
        least: (height, width) float64: the least contrast that counts as ink.
        noise: (height, width) float64: the standard deviation of the contrast of bare paper.
        levels: the grey levels, of 255, between the middle of the strokes and the paper.
    """

    contrast: np.ndarray
    mask: np.ndarray
    strong: float
    least: np.ndarray
    noise: np.ndarray
    levels: float

    @property
    def amount(self):
        return self.contrast[self.mask].sum()


def find_strokes(grey):
    """Find what is darker or lighter than its surroundings and narrower than a third of the picture.

    The paper behind the ink is a grey closing (for light ink an opening), which keeps every edge of what is wider than
    its window: shadows, and the desk beside the sheet. Of several windows the smallest is taken beyond which no ink is
    gained. A hole in a digit is narrow too; but there the pixel itself, and not what closing makes of it, has the grey of
    the surroundings, their local median.

    Args:
        grey: (height, width) float64, 0–255.

    Returns:
        Ink, or None if there is none.
    """
    surroundings = np.log(_local_median(grey) + 8)
    senses = [_best([_strokes(grey, light, scale, surroundings) for scale in SCALES]) for light in (False, True)]
    return max(filter(None, senses), key=lambda ink: ink.amount, default=None)


def _strokes(grey, light, scale, surroundings):
    """Find the strokes of one colour sense that are narrower than a scale; None if there are none."""
    size = max(3, round(scale * min(grey.shape))) | 1
    smooth = ndimage.gaussian_filter(grey, 0.7)
    paper = (ndimage.grey_opening if light else ndimage.grey_closing)(smooth, size, mode="nearest")
    paper -= np.median(paper - smooth)  # opening and closing follow the noise
    difference = grey - paper if light else paper - grey
    noise = 1.4826 * np.median(np.abs(difference - np.median(difference)))
    lighter = np.maximum(grey, paper) + 1
    contrast = np.maximum(difference, 0) / lighter
    strong = stroke_level(contrast)
    least = np.maximum(4 * noise / lighter, LEAST * strong)
    mask = contrast > least
    own = mask & (np.abs(np.log(np.maximum(paper, 0) + 8) - surroundings) < np.abs(np.log(grey + 8) - surroundings))
    middle = difference[own & (contrast >= strong)]
    if 2 * own.sum() <= mask.sum() or not middle.size or np.median(middle) < max(MIN_CONTRAST, 8 * noise):
        return None
    return Ink(contrast, own, strong, least, noise / lighter, np.median(middle))


def _best(inks):
    """Take the smallest scale beyond which no ink is gained."""
    for ink, wider in zip(inks, inks[1:] + [None], strict=True):
        if ink and (wider is None or wider.amount <= 1.3 * ink.amount):
            return ink
    return None


def stroke_level(contrast):
    """The contrast in the middle of the strokes: the median of what has at least half of the strongest."""
    return np.median(contrast[contrast >= np.quantile(contrast, 0.9995) / 2])


def _local_median(grey):
    height, width = grey.shape
    factor = _SMALL / min(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = np.asarray(Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BOX))
    medians = ndimage.median_filter(small, int(SURROUNDINGS * _SMALL), mode="nearest")
    return np.asarray(Image.fromarray(medians).resize((width, height), Image.Resampling.BILINEAR), np.float64)
