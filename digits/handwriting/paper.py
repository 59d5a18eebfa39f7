"""Separate the ink in a photo from the paper under uneven light, with any background around the sheet."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage import filters

from digits.handwriting import lines

MIN_CONTRAST = 24  # grey levels between ink and paper, of 255
SCALES = 0.04, 0.08, 0.16, 0.32, 0.5  # maximum stroke widths, as fractions of the picture's shorter side
MAX_GROWTH, MAX_FALLBACK_GROWTH = 1.04, 1.3  # of the ink from a sufficient scale to the next; if there is no such scale
MIN_RELATIVE_CONTRAST = 0.35  # of a pixel of ink, as a fraction of the strokes' contrast
MAX_EDGE_MARK = 0.2  # fraction of the shorter side: a longer mark along the edge is background
LEVEL_OFFSET = 12  # grey levels added before division, so that noise on black has a low contrast
_MEDIUM_SIDE = 500  # pixels, the longer side of the picture in which the scale is determined
_SMALL_SIDE, _MEDIAN_WINDOW = 48, 45  # pixels, the shorter side of the picture for the local median, and its window


class Strokes(NamedTuple):
    """Strokes of one polarity, dark on light or light on dark, as found at one scale.

    Attributes:
        contrast: (height, width) float64, 0–1: the fraction of light that a pixel has lost compared with the paper
            around it; for light ink, that the paper has lost compared with the pixel.
        mask: (height, width) bool, the pixels of ink.
        typical_contrast: contrast in the centre of the strokes.
        min_contrast: (height, width) float64, the minimum contrast of ink.
        noise: (height, width) float64, standard deviation of the contrast of paper without ink.
        grey_levels: difference between the centre of the strokes and the paper, 0–255.
    """

    contrast: NDArray[np.float64]
    mask: NDArray[np.bool_]
    typical_contrast: float
    min_contrast: NDArray[np.float64]
    noise: NDArray[np.float64]
    grey_levels: float

    @property
    def amount(self) -> float:
        """Total contrast of all strokes, without the marks along the picture's edge, such as a desk."""
        labels, _ = ndimage.label(self.mask)
        edge = np.concatenate([labels[0], labels[:, -1], labels[-1, ::-1], labels[::-1, 0]])
        along_edge = ndimage.binary_opening(edge > 0, np.ones(round(MAX_EDGE_MARK * min(self.mask.shape))))
        return self.contrast[self.mask & ~np.isin(labels, edge[along_edge])].sum()

    def remove_lines(self) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Remove ruled lines: the contrast without them and their mask, see `lines.remove_lines`."""
        marked = self.contrast > np.maximum(3 * self.noise, 0.15 * self.typical_contrast)
        return lines.remove_lines(self.contrast, marked)


def find_strokes(grey: NDArray[np.float64]) -> Strokes | None:
    """Find marks that are darker or lighter than their surroundings and narrower than half of the picture.

    The paper behind the ink is estimated by a grey closing (for light ink, an opening), which preserves the edges of
    everything wider than its window, such as shadows and the desk around the sheet. The smallest window is used beyond
    which the amount of ink, without ruled lines, hardly grows; it is determined in a smaller picture.

    The hole in a digit is narrow too. It is recognized by its grey level: the pixel, and not the closing, is close to
    the local median.

    Args:
        grey: (height, width) float64, 0–255.

    Returns:
        The strokes, or None if there are none.
    """
    small = _resize(grey, min(1, _MEDIUM_SIDE / max(grey.shape)))
    found = [(*best, light) for light in (False, True) if (best := _find_best_scale(small, light))]
    if not found:
        return None
    _, scale, light = max(found, key=lambda best: best[0].amount * best[0].typical_contrast / best[1])
    return _find_strokes_at_scale(grey, light, scale, _log_local_median(grey))


def _find_best_scale(grey: NDArray[np.float64], light: bool) -> tuple[Strokes, float] | None:
    """Find the smallest scale beyond which the ink hardly grows: its strokes and the scale."""
    surroundings = _log_local_median(grey)
    candidates: list[Strokes | None] = []
    line_mask = np.zeros(grey.shape, bool)
    for scale in SCALES:
        strokes = _find_strokes_at_scale(grey, light, scale, surroundings)
        if strokes and not any(candidates):
            _, line_mask = strokes.remove_lines()
        candidates.append(strokes and strokes._replace(mask=strokes.mask & ~line_mask))
        if len(candidates) > 1:
            previous = candidates[-2]
            if previous and _is_sufficient(previous, candidates[-1], MAX_GROWTH):
                return previous, SCALES[len(candidates) - 2]
    for strokes, wider, scale in zip(candidates, [*candidates[1:], None], SCALES, strict=True):
        if strokes and _is_sufficient(strokes, wider, MAX_FALLBACK_GROWTH):
            return strokes, scale
    return None


def _is_sufficient(strokes, wider, max_growth):
    return wider is None or wider.amount <= max_growth * strokes.amount


def _find_strokes_at_scale(
    grey: NDArray[np.float64], light: bool, scale: float, surroundings: NDArray[np.float64]
) -> Strokes | None:
    """Find strokes of one polarity that are narrower than `scale`, a fraction of the picture's shorter side."""
    size = max(3, round(scale * min(grey.shape))) | 1
    smooth = ndimage.gaussian_filter(grey, 0.7)
    paper = (ndimage.grey_opening if light else ndimage.grey_closing)(smooth, size, mode="nearest")
    paper -= np.median(paper - smooth)  # opening and closing are biased by the noise
    difference = grey - paper if light else paper - grey
    noise = 1.4826 * np.median(np.abs(difference - np.median(difference)))
    lighter = np.maximum(grey, paper) + LEVEL_OFFSET
    contrast = np.maximum(difference, 0) / lighter
    typical = _typical_contrast(contrast)
    min_contrast = np.maximum(4 * noise / lighter, MIN_RELATIVE_CONTRAST * typical)
    mask = contrast > min_contrast
    paper_distance = np.abs(np.log(np.maximum(paper, 0) + LEVEL_OFFSET) - surroundings)
    ink = mask & (paper_distance < np.abs(np.log(grey + LEVEL_OFFSET) - surroundings))
    labels, count = ndimage.label(mask)
    ink |= np.isin(labels, 1 + np.flatnonzero(ndimage.mean(ink, labels, np.arange(1, count + 1)) > 0.5)) & mask
    centre = difference[ink & (contrast >= typical)]
    if 2 * ink.sum() <= mask.sum() or not centre.size or np.median(centre) < max(MIN_CONTRAST, 8 * noise):
        return None
    return Strokes(contrast, ink, typical, min_contrast, noise / lighter, np.median(centre))


def _typical_contrast(contrast):
    """Estimate the contrast in the centre of the strokes: the median of all values above half of the maximum.

    The maximum is that of the thirtieth strongest pixel, so that neither a few bright pixels nor the size of the empty
    sheet has an influence.
    """
    rank = min(30, max(1, contrast.size // 2000))
    return np.median(contrast[contrast >= np.partition(contrast, -rank, axis=None)[-rank] / 2])


def _log_local_median(grey):
    """Compute the logarithm of the local median of the grey levels."""
    small = _resize(grey, _SMALL_SIDE / min(grey.shape)).astype(np.uint8)
    medians = Image.fromarray(filters.rank.median(small, np.ones((_MEDIAN_WINDOW, _MEDIAN_WINDOW))))
    return np.log(np.asarray(medians.resize(grey.shape[::-1], Image.Resampling.BILINEAR), np.float64) + LEVEL_OFFSET)


def _resize(grey, factor):
    if factor == 1:
        return grey
    width, height = (max(1, round(side * factor)) for side in grey.shape[::-1])
    return np.asarray(
        Image.fromarray(grey.astype(np.float32)).resize((width, height), Image.Resampling.BOX), np.float64
    )
