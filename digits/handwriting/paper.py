"""Separate the ink in a photo from the paper under uneven light."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from digits.handwriting.strokes import MIN_CONTRAST, Strokes

WINDOW = 0.173  # maximum width of a stroke, as a fraction of the square root of the picture's area
MIN_RELATIVE_CONTRAST = 0.35  # of a pixel of ink, as a fraction of the strokes' contrast
LEVEL_OFFSET = 12  # grey levels added before division, so that noise on black has a low contrast
_SMALL_SIDE, _MEDIAN_WINDOW = 32, 31  # pixels, the shorter side of the picture for the local median, and its window


def find_strokes(grey: NDArray[np.float32]) -> Strokes | None:
    """Find marks that are darker or lighter than their surroundings and narrower than a window.

    The paper behind the ink is estimated by a grey closing (for light ink, an opening), which preserves the edges of
    everything wider than its window, such as shadows and the desk around the sheet.

    The hole in a digit is narrow too. It is recognized by its grey level: the pixel, and not the closing, is close to
    the local median.

    Args:
        grey: (height, width) float32, 0–255.

    Returns:
        The strokes of the polarity with the stronger contrast, or None if there are none.
    """
    smooth, surroundings = ndimage.gaussian_filter(grey, 0.7), _log_local_median(grey)
    found = [_find_strokes(grey, smooth, surroundings, light) for light in (False, True)]
    return max(
        (strokes for strokes in found if strokes),
        key=lambda strokes: strokes.contrast[strokes.mask].sum() * strokes.lost_light**2,
        default=None,
    )


def _find_strokes(grey, smooth, surroundings, light):
    size = max(3, round(WINDOW * grey.size**0.5)) | 1
    paper = (ndimage.grey_opening if light else ndimage.grey_closing)(smooth, size, mode="nearest")
    paper -= np.median((paper - smooth)[::3, ::3])  # opening and closing are biased by the noise
    difference = grey - paper if light else paper - grey
    noise = 1.4826 * np.median(np.abs(difference[::3, ::3] - np.median(difference[::3, ::3])))
    lighter = np.maximum(grey, paper) + LEVEL_OFFSET
    lost_light = np.maximum(difference, 0) / lighter
    typical = max(_typical_contrast(lost_light), 1e-6)
    contrast, noise_contrast = lost_light / typical, noise / lighter / typical
    min_contrast = np.maximum(4 * noise_contrast, MIN_RELATIVE_CONTRAST)
    mask = contrast > min_contrast
    paper_distance = np.abs(np.log(np.maximum(paper, 0) + LEVEL_OFFSET) - surroundings)
    ink = mask & (paper_distance < np.abs(np.log(grey + LEVEL_OFFSET) - surroundings))
    centre = difference[ink & (contrast >= 1)]
    if 2 * ink.sum() <= mask.sum() or not centre.size or np.median(centre) < max(MIN_CONTRAST, 8 * noise):
        return None
    return Strokes(contrast, ink, min_contrast, noise_contrast, typical, np.median(centre))


def _typical_contrast(lost_light):
    """Estimate the light lost in the centre of strokes: the median of the values above half of the maximum.

    The maximum is that of the thirtieth strongest pixel, so that neither a few bright pixels nor the size of the empty
    sheet has an influence.
    """
    rank = min(30, max(1, lost_light.size // 2000))
    return np.median(lost_light[lost_light >= np.partition(lost_light, -rank, axis=None)[-rank] / 2])


def _log_local_median(grey):
    """Compute the logarithm of the local median of the grey levels."""
    picture, factor = Image.fromarray(grey), _SMALL_SIDE / min(grey.shape)
    small = picture.resize([max(1, round(factor * side)) for side in picture.size], Image.Resampling.BOX)
    medians = Image.fromarray(ndimage.median_filter(np.asarray(small), _MEDIAN_WINDOW))
    return np.log(np.asarray(medians.resize(picture.size, Image.Resampling.BILINEAR)) + LEVEL_OFFSET)
