"""Remove ruled lines from a picture: straight, thin, and from one edge to the other."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MAX_TILT = 8  # degrees between a line and the picture's side
MIN_COVERED = 0.75  # fraction of a line's length that must be marked
MAX_WIDTH = 1 / 50  # fraction of the picture's shorter side
MAX_LINES = 60  # in one direction; more are a pattern


def remove_lines(
    lost_light: NDArray[np.floating], mask: NDArray[np.bool_], max_width: float = MAX_WIDTH
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Remove straight lines that cross the whole picture; ink over them stays.

    The lines are found with a Hough transform. The profile of a line is the median at each distance from its centre.
    It is divided out of the transmitted light, so that only the contribution of ink over the line remains.

    Args:
        lost_light: (height, width) float, 0–1, the fraction of the paper's light that is missing.
        mask: (height, width) bool, True for marked pixels.
        max_width: maximum width of a line, as a fraction of the picture's shorter side.

    Returns:
        `lost_light` without the lines, and the mask (height, width) of the pixels that they covered.
    """
    lost_light, flat = _remove_flat_lines(lost_light, mask, max_width)
    lost_light, steep = _remove_flat_lines(lost_light.T, mask.T, max_width)
    return lost_light.T, flat | steep.T


def close_gaps(mask: NDArray[np.bool_], covered: NDArray[np.bool_], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close the gaps that the removal of a line left in strokes as dark as the line.

    Args:
        mask: (height, width) bool, the marked pixels without the line.
        covered: (height, width) bool, the pixels of the line, as `remove_lines` returns them.
        marked: (height, width) bool, the marked pixels with the line.

    Returns:
        (height, width) bool: the mask, and the marked pixels of the line between two parts of it.
    """
    if not covered.any():
        return mask
    return mask | (covered & marked & ndimage.binary_closing(mask, np.ones((3, 3)), iterations=4))


def _remove_flat_lines(lost_light, mask, max_width):
    """Remove the lines from the left edge to the right one, as `remove_lines` does."""
    lost_light, covered = lost_light.copy(), np.zeros(mask.shape, bool)
    height, width = mask.shape
    limit = max_width * min(mask.shape) + 1
    rows, columns = np.nonzero(mask)
    for slope, offset in _find_lines(rows, columns, mask.shape):
        distance = rows - offset - slope * (columns - width / 2)
        near = np.abs(distance) < 3
        thickness = np.bincount(columns[near], minlength=width)[columns]
        near &= thickness <= np.median(thickness[near]) + 1  # excludes the columns with ink on the line
        if len(np.unique(columns[near])) < 3:  # too few for a parabola
            continue
        line = np.polyfit(columns[near], rows[near], 2)  # a line may bend
        distance = np.abs(rows - np.polyval(line, columns))
        thickness, marked = (np.bincount(columns[distance <= reach], minlength=width) for reach in (limit, 1.5))
        end = max(5, width // 20)
        if np.median(thickness) > limit or min(np.mean(marked[:end] > 0), np.mean(marked[-end:] > 0)) < 0.5:
            continue
        centre = np.polyval(line, np.arange(width))
        around = np.rint(centre).astype(int) + np.arange(-int(limit / 2 + 1), int(limit / 2 + 1) + 1)[:, None]
        inside = (around >= 0) & (around < height)
        pixels = around[inside], np.broadcast_to(np.arange(width), around.shape)[inside]
        bins = np.rint(2 * (around - centre)[inside]).astype(int)  # half a pixel each
        bins -= bins.min()
        profile = ndimage.maximum_filter1d(ndimage.median(lost_light[pixels], bins, np.arange(bins.max() + 1)), 3)
        lost_light[pixels] = np.maximum(1 - (1 - lost_light[pixels]) / (1 - np.minimum(profile, 0.95)[bins]), 0)
        covered[pixels] = True
    return lost_light, covered


def _find_lines(rows, columns, shape):
    """Find lines with a Hough transform: the slope, and the row in the middle column, of each."""
    height, width = shape
    slopes = np.tan(np.deg2rad(np.arange(-MAX_TILT, MAX_TILT + 0.1, 0.2)))
    offsets = (np.rint(rows - slope * (columns - width / 2)).astype(int).clip(-1, height) for slope in slopes)
    marked = np.array([np.bincount(offset + 1, minlength=height + 2)[1:-1] for offset in offsets])
    most = marked.max(axis=0) + np.linspace(0, 0.1, height)  # no two neighbours are equal
    found = np.flatnonzero((most >= MIN_COVERED * width) & (most == ndimage.maximum_filter1d(most, 7)))
    return [(slopes[marked[:, row].argmax()], row) for row in found] if len(found) <= MAX_LINES else []
