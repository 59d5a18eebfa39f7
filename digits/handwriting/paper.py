"""Tell the ink in a photo from its paper, however the light falls, with anything around the sheet."""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import filters

from digits.handwriting import lines

MIN_CONTRAST = 24  # grey levels between ink and paper, of 255
SCALES = 0.04, 0.08, 0.16, 0.32, 0.5  # fractions of the shorter side: widths that a stroke is narrower than
GROWTH = 1.04, 1.3  # from one scale to the next: no more ink is gained; hardly more, if there is no such scale
LEAST = 0.35  # fraction of the strokes' contrast that counts as ink
ALONG = 0.2  # fraction of the shorter side: what is marked on so much of the edge is no stroke
HAZE = 12  # grey levels that are added to all, so that noise on black is no contrast
_MEDIUM = 500  # pixels, the longer side at which the scale is sought
_SMALL, _WINDOW = 48, 45  # pixels: the shorter side at which the local median is taken, and its window


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
        """The contrast of all strokes together, without what lies along the picture's edge, as a desk does."""
        labels, _ = ndimage.label(self.mask)
        edge = np.concatenate([labels[0], labels[:, -1], labels[-1, ::-1], labels[::-1, 0]])
        along = ndimage.binary_opening(edge > 0, np.ones(round(ALONG * min(self.mask.shape))))
        return self.contrast[self.mask & ~np.isin(labels, edge[along])].sum()


def find_strokes(grey):
    """Find what is darker or lighter than its surroundings and narrower than half of the picture.

    The paper behind the ink is a grey closing (for light ink an opening), which keeps every edge of what is wider than
    its window: shadows, and the desk beside the sheet. Of several windows the smallest is taken beyond which no ink is
    gained, ruled lines apart; it is sought in a smaller picture. A hole in a digit is narrow too; but there the pixel itself, and not what
    closing makes of it, has the grey of the surroundings, their local median.

    Args:
        grey: (height, width) float64, 0–255.

    Returns:
        Ink, or None if there is none.
    """
    factor = min(1, _MEDIUM / max(grey.shape))
    found = [(ink, light, scale) for light in (False, True) for ink, scale in _best(_resized(grey, factor), light)]
    if not found:
        return None
    _, light, scale = max(found, key=lambda candidate: candidate[0].amount * candidate[0].strong / candidate[2])
    return _strokes(grey, light, scale, _surroundings(grey))


def _best(grey, light):
    """Take the smallest scale beyond which no ink is gained: a list of its Ink and of it, empty if there is none."""
    surroundings = _surroundings(grey)
    inks, covered = [], None
    for scale in SCALES:
        ink = _strokes(grey, light, scale, surroundings)
        if ink and covered is None:
            _, covered = lines.fade(ink.contrast, ink.contrast > np.maximum(3 * ink.noise, 0.15 * ink.strong))
        inks.append(ink and ink._replace(mask=ink.mask & ~covered))
        if len(inks) > 1 and _ends(*inks[-2:], GROWTH[0]):
            return [(inks[-2], SCALES[len(inks) - 2])]
    for ink, wider, scale in zip(inks, inks[1:] + [None], SCALES, strict=True):
        if _ends(ink, wider, GROWTH[1]):
            return [(ink, scale)]
    return []


def _ends(ink, wider, growth):
    return ink is not None and (wider is None or wider.amount <= growth * ink.amount)


def _strokes(grey, light, scale, surroundings):
    """Find the strokes of one colour sense that are narrower than a scale; None if there are none."""
    size = max(3, round(scale * min(grey.shape))) | 1
    smooth = ndimage.gaussian_filter(grey, 0.7)
    paper = (ndimage.grey_opening if light else ndimage.grey_closing)(smooth, size, mode="nearest")
    paper -= np.median(paper - smooth)  # opening and closing follow the noise
    difference = grey - paper if light else paper - grey
    noise = 1.4826 * np.median(np.abs(difference - np.median(difference)))
    lighter = np.maximum(grey, paper) + HAZE
    contrast = np.maximum(difference, 0) / lighter
    strong = stroke_level(contrast)
    least = np.maximum(4 * noise / lighter, LEAST * strong)
    mask = contrast > least
    own = mask & (
        np.abs(np.log(np.maximum(paper, 0) + HAZE) - surroundings) < np.abs(np.log(grey + HAZE) - surroundings)
    )
    labels, count = ndimage.label(mask)
    own |= np.isin(labels, 1 + np.flatnonzero(ndimage.mean(own, labels, np.arange(1, count + 1)) > 0.5)) & mask
    middle = difference[own & (contrast >= strong)]
    if 2 * own.sum() <= mask.sum() or not middle.size or np.median(middle) < max(MIN_CONTRAST, 8 * noise):
        return None
    return Ink(contrast, own, strong, least, noise / lighter, np.median(middle))


def stroke_level(contrast):
    """The contrast in the middle of the strokes: the median of what has at least half of the strongest.

    The strongest is that of the thirtieth pixel, so that neither a few bright pixels nor a large empty sheet matters.
    """
    rank = min(30, max(1, contrast.size // 2000))
    return np.median(contrast[contrast >= np.partition(contrast, -rank, axis=None)[-rank] / 2])


def _surroundings(grey):
    """The logarithm of the local median of the grey levels."""
    small = _resized(grey, _SMALL / min(grey.shape)).astype(np.uint8)
    medians = Image.fromarray(filters.rank.median(small, np.ones((_WINDOW, _WINDOW))))
    return np.log(np.asarray(medians.resize(grey.shape[::-1], Image.Resampling.BILINEAR), np.float64) + HAZE)


def _resized(grey, factor):
    if factor == 1:
        return grey
    size = [max(1, round(side * factor)) for side in grey.shape[::-1]]
    return np.asarray(Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BOX), np.float64)
