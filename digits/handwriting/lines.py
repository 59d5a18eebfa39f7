"""Take ruled lines out of a picture: straight, thin, and from one edge to the other."""

from functools import lru_cache

import numpy as np
from scipy import ndimage
from skimage import measure, transform

MAX_TILT = 8  # degrees between a line and the picture's side
MIN_COVERED = 0.75  # fraction of a line across the picture that must be marked
MAX_WIDTH = 1 / 50  # fraction of the picture's shorter side
_HOUGH_SIDE = 400  # pixels, the longer side at which lines are looked for


def fade(contrast, mask, max_width=MAX_WIDTH, upright=True):
    """Take straight lines that cross the whole picture out of it, as if paper lay there; ink over them stays.

    The lines are found with a Hough transform. Along each, the median contrast at every distance from its middle is what
    the line took of the light; of ink over the line its own part is left.

    Args:
        contrast: (height, width) float, 0–1, the fraction of light that is missing.
        mask: (height, width) bool, what counts as marked.
        max_width: of a line, as a fraction of the picture's shorter side.
        upright: whether upright lines are looked for too, or level ones alone.

    Returns:
        contrast (height, width) without the lines, and the mask (height, width) of the pixels that they covered.
    """
    covered = np.zeros(mask.shape, bool)
    for points, steep in _lines(mask, max_width):
        if steep and not upright:
            continue
        # a line that leans less than 45° is a function of the column, a steep one of the row
        values = (contrast.T if steep else contrast).copy()
        along = np.arange(values.shape[1])
        middle = np.polyval(points, along)
        across = np.arange(values.shape[0])[:, None] - middle
        near = np.abs(across) < max_width * min(mask.shape) / 2 + 1.5
        bins = np.round(2 * across[near]).astype(int)  # half a pixel each
        profile = ndimage.median(values[near], bins, np.arange(bins.min(), bins.max() + 1))
        profile = ndimage.maximum_filter1d(
            profile, 3
        )  # as if the line were half a pixel wider to either side, since it may bend
        line = np.interp(2 * across[near], np.arange(bins.min(), bins.max() + 1), np.minimum(profile, 0.95))
        values[near] = np.maximum(1 - (1 - values[near]) / (1 - line), 0)
        (covered.T if steep else covered)[near] = True
        contrast = values.T if steep else values
    return contrast, covered


def bridge(mask, covered, marked):
    """Close the gaps that a line leaves in strokes as dark as itself.

    Args:
        mask: (height, width) bool, what is still marked without the line.
        covered: (height, width) bool, the pixels of the line, as `fade` returns them.
        marked: (height, width) bool, what was marked with the line.

    Returns:
        (height, width) bool: the mask, and the marked pixels of the line between two parts of it.
    """
    return mask | (covered & marked & ndimage.binary_closing(mask, np.ones((3, 3)), iterations=4))


def _lines(mask, max_width):
    """Find straight lines across a mask: for each the polynomial of its middle, and whether it is one of the row."""
    step = max(1, -(-max(mask.shape) // _HOUGH_SIDE))
    small = measure.block_reduce(mask, (step, step), np.max)
    angles, area = _angles(), _hough_area(small.shape)
    marked, _, distances = transform.hough_line(small, angles)
    fraction = np.where(area >= 0.5 * min(small.shape), marked / np.maximum(area, 1), 0)
    _, peaks, offsets = transform.hough_line_peaks(
        fraction, angles, distances, min_distance=3, min_angle=3, threshold=MIN_COVERED
    )
    for angle, offset in zip(peaks, offsets, strict=True):
        steep = abs(angle) < np.pi / 4  # the angle is that of the line's normal with the row
        image = mask.T if steep else mask
        a, b = (np.sin(angle), np.cos(angle)) if steep else (np.cos(angle), np.sin(angle))
        points = np.array([-a / b, offset * step / b + (step - 1) / 2])
        rows, columns = np.nonzero(image)
        for reach in (2 * step + 1, step + 2):
            near = np.abs(rows - np.polyval(points, columns)) <= reach
            thickness = np.bincount(columns[near], minlength=image.shape[1])[columns]
            near &= thickness <= np.median(thickness[near]) + 1  # without the columns in which there is ink on the line
            points = np.polyfit(columns[near], rows[near], 2)
        if _is_narrow(image, points, max_width * min(mask.shape) + 1) and _crosses(image, points):
            yield points, steep


def _is_narrow(image, points, width):
    """Tell whether at most `width` pixels are marked about a line, in the median of the columns."""
    rows, columns = np.nonzero(image)
    near = np.abs(rows - np.polyval(points, columns)) <= width
    return np.median(np.bincount(columns[near], minlength=image.shape[1])) <= width


def _crosses(image, points):
    """Tell whether a line is marked from one edge of the picture to the other."""
    columns = np.arange(image.shape[1])
    middle = np.round(np.polyval(points, columns)).astype(int)
    inside = (middle >= 1) & (middle < len(image) - 1)
    columns, middle = columns[inside], middle[inside]
    marked = image[middle, columns] | image[middle - 1, columns] | image[middle + 1, columns]
    end = max(5, len(marked) // 20)
    return len(marked) > 2 * end and min(marked[:end].mean(), marked[-end:].mean()) > 0.5


def _angles():
    tilts = np.deg2rad(np.arange(-MAX_TILT, MAX_TILT + 0.1, 0.2))
    return np.concatenate([tilts, tilts - np.pi / 2])


@lru_cache(maxsize=4)
def _hough_area(shape):
    """The number of pixels in each bin of the Hough transform: about the length of the line in the picture."""
    return transform.hough_line(np.ones(shape, bool), _angles())[0]
