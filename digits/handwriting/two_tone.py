"""Separate the ink from the paper in a picture of two tones with mild noise, by a threshold."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import filters

from digits.handwriting import marks
from digits.handwriting.strokes import MIN_CONTRAST, Strokes

MAX_STROKE = 0.07  # fraction of the longer side; pixels that are further from ink are paper
MAX_NOISE, MAX_TINY_NOISE = 0.12, 0.3  # standard deviation of the paper, as a fraction of the strokes' contrast
MIN_NOISE_CONTRAST = 0.15  # minimum contrast of ink on paper with noise
MIN_FREE_MARK = 0.25  # fraction of the shorter side: with such a mark inside, marks at the border are not the digit
LOST_LIGHT = 0.8  # of ink of unknown darkness
MAX_SHEET_ASPECT = 2.5  # longer divided by shorter side
MIN_SHEET, MIN_FILLED = 0.2, 0.65  # fraction of the picture that a sheet takes, and of its box that it fills


def border(values: NDArray) -> NDArray:
    """Return the values at the four edges of an array (height, width), in one dimension."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def crop_to_sheet(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Crop grey levels (height, width) to a sheet or panel: a large rectangle of another grey level than the border."""
    for _ in range(3):  # a panel in a window on a desk
        light = grey > filters.threshold_otsu(grey)
        inside = light if border(light).mean() < 0.5 else ~light
        labels, count = ndimage.label(inside)
        if border(inside).mean() > 0.1 or not count:
            break
        largest = np.bincount(labels.ravel())[1:].argmax()
        box = ndimage.find_objects(labels)[largest]
        sheet = labels[box] == largest + 1
        if (
            sheet.size < MIN_SHEET * grey.size
            or sheet.mean() < MIN_FILLED
            or max(sheet.shape) >= MAX_SHEET_ASPECT * min(sheet.shape)
        ):
            break
        filled = ndimage.binary_erosion(ndimage.binary_fill_holes(sheet), iterations=2)
        cropped = np.where(filled, grey[box], np.median(grey[box][sheet]))[2:-2, 2:-2]
        if np.ptp(cropped) < MIN_CONTRAST:
            break
        grey = cropped
    return grey


def find_strokes(grey: NDArray[np.float32], tiny: bool = False) -> Strokes | None:
    """Find pixels that differ from the median of the border, which is assumed to be paper.

    Args:
        grey: (height, width) float32, 0–255.
        tiny: whether the picture has room for a digit only, so that more noise is accepted.

    Returns:
        The strokes; None if the contrast is low, or there are more than two tones or too much noise.
    """
    difference = grey - np.median(border(grey))
    difference *= np.sign(difference.sum())
    strongest = np.sort(difference, axis=None)[-min(30, max(1, difference.size // 2000))]
    if strongest < MIN_CONTRAST:
        return None
    level = np.quantile(difference[difference >= strongest / 2], 0.75)
    contrast = difference / level
    if tiny:
        paper, max_noise = contrast <= 0.5, MAX_TINY_NOISE
    else:
        paper = ~ndimage.maximum_filter(contrast > 0.75, 2 * round(MAX_STROKE * max(grey.shape)) + 1)
        max_noise = MAX_NOISE
        if paper.mean() < 0.02 or _has_more_tones(contrast, paper) or _has_marks_at_border(contrast > 0.5):
            return None
    noise = contrast[paper].std()
    if noise > max_noise:
        return None
    is_paper = np.abs(difference) < MIN_CONTRAST
    if np.mean(np.abs(difference[is_paper]) < 0.5) > 0.9:
        contrast, min_contrast = contrast / contrast.max(), 0.0
    else:
        min_contrast = MIN_NOISE_CONTRAST if tiny else max(4 * noise, MIN_NOISE_CONTRAST)
    mask, is_drawing = contrast > min_contrast, min_contrast == 0
    return Strokes(contrast, mask, min_contrast, noise, LOST_LIGHT, level, True, is_drawing)


def _has_more_tones(contrast, paper):
    """Check for marks weaker than the strokes, marks of the other polarity, and marks stronger than the strokes."""
    mask = contrast > 0.5
    weaker = (contrast[paper] > 0.35).sum() > 0.02 * mask.sum()
    return weaker or (contrast < -0.4).mean() > 0.001 or np.quantile(contrast[mask], 0.99) > 1.4


def _has_marks_at_border(mask):
    """Check for marks at the border around a mark that may be the digit, such as a desk around the sheet."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    at_border = np.isin(np.arange(1, count + 1), border(labels))
    return at_border.any() and np.max(np.where(at_border, 0, marks.sizes(labels))) > MIN_FREE_MARK * min(mask.shape)
