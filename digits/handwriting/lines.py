"""Remove ruled lines from a picture: straight, thin, and from one edge to the other."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure, transform

MAX_TILT = 8  # degrees between a line and the picture's side
MIN_COVERED = 0.75  # fraction of a line's length that must be marked
MAX_WIDTH = 1 / 50  # fraction of the picture's shorter side
_HOUGH_SIDE = 400  # pixels, the longer side of the picture in which lines are searched for


def remove_lines(
    contrast: NDArray[np.floating], mask: NDArray[np.bool_], max_width: float = MAX_WIDTH, vertical: bool = True
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Remove straight lines that cross the whole picture; ink over them stays.

    The lines are found with a Hough transform. The profile of a line is the median contrast at each distance from its
    centre. It is divided out of the transmitted light, so that only the contribution of ink over the line remains.

    Args:
        contrast: (height, width) float, 0–1, the fraction of light that is missing.
        mask: (height, width) bool, True for marked pixels.
        max_width: maximum width of a line, as a fraction of the picture's shorter side.
        vertical: whether to remove vertical lines as well as horizontal ones.

    Returns:
        The contrast (height, width) without the lines, and the mask (height, width) of the pixels that they covered.
    """
    covered = np.zeros(mask.shape, bool)
    for polynomial, steep in _find_lines(mask, max_width):
        if steep and not vertical:
            continue
        values = (contrast.T if steep else contrast).copy()
        columns = np.arange(values.shape[1])
        distance = np.arange(values.shape[0])[:, None] - np.polyval(polynomial, columns)
        near = np.abs(distance) < max_width * min(mask.shape) / 2 + 1.5
        bins = np.round(2 * distance[near]).astype(int)  # half a pixel each
        positions = np.arange(bins.min(), bins.max() + 1)
        profile = ndimage.median(values[near], bins, positions)
        profile = ndimage.maximum_filter1d(profile, 3)  # half a pixel of tolerance, since a line may bend
        line = np.interp(2 * distance[near], positions, np.minimum(profile, 0.95))
        values[near] = np.maximum(1 - (1 - values[near]) / (1 - line), 0)
        (covered.T if steep else covered)[near] = True
        contrast = values.T if steep else values
    return contrast, covered


def close_gaps(mask: NDArray[np.bool_], covered: NDArray[np.bool_], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close the gaps that the removal of a line left in strokes as dark as the line.

    Args:
        mask: (height, width) bool, the marked pixels without the line.
        covered: (height, width) bool, the pixels of the line, as `remove_lines` returns them.
        marked: (height, width) bool, the marked pixels with the line.

    Returns:
        (height, width) bool: the mask, and the marked pixels of the line between two parts of it.
    """
    return mask | (covered & marked & ndimage.binary_closing(mask, np.ones((3, 3)), iterations=4))


def _find_lines(mask: NDArray[np.bool_], max_width: float) -> Iterator[tuple[NDArray[np.floating], bool]]:
    """Find straight lines: yield the polynomial of a line's centre and whether it is steep.

    The polynomial gives the row as a function of the column; for a steep line the column as a function of the row.
    """
    step = max(1, -(-max(mask.shape) // _HOUGH_SIDE))
    small = measure.block_reduce(mask, (step, step), np.max)
    angles, area = _hough_angles(), _hough_area(small.shape)
    marked, _, distances = transform.hough_line(small, angles)
    fraction = np.where(area >= 0.5 * min(small.shape), marked / np.maximum(area, 1), 0)
    _, peaks, offsets = transform.hough_line_peaks(
        fraction, angles, distances, min_distance=3, min_angle=3, threshold=MIN_COVERED
    )
    for angle, offset in zip(peaks, offsets, strict=True):
        steep = abs(angle) < np.pi / 4  # the angle is between the line's normal and a row
        image = mask.T if steep else mask
        a, b = (np.sin(angle), np.cos(angle)) if steep else (np.cos(angle), np.sin(angle))
        polynomial = np.array([-a / b, offset * step / b + (step - 1) / 2])
        rows, columns = np.nonzero(image)
        for reach in (2 * step + 1, step + 2):
            near = np.abs(rows - np.polyval(polynomial, columns)) <= reach
            thickness = np.bincount(columns[near], minlength=image.shape[1])[columns]
            near &= thickness <= np.median(thickness[near]) + 1  # excludes the columns with ink on the line
            if len(np.unique(columns[near])) < 3:  # too few for a parabola
                break
            polynomial = np.polyfit(columns[near], rows[near], 2)
        else:
            if _is_narrow(image, polynomial, max_width * min(mask.shape) + 1) and _crosses(image, polynomial):
                yield polynomial, steep


def _is_narrow(image, polynomial, width):
    """Check that a line has at most `width` marked pixels in the median column."""
    rows, columns = np.nonzero(image)
    near = np.abs(rows - np.polyval(polynomial, columns)) <= width
    return np.median(np.bincount(columns[near], minlength=image.shape[1])) <= width


def _crosses(image, polynomial):
    """Check that a line is marked at both edges of the picture."""
    columns = np.arange(image.shape[1])
    centre = np.round(np.polyval(polynomial, columns)).astype(int)
    inside = (centre >= 1) & (centre < len(image) - 1)
    columns, centre = columns[inside], centre[inside]
    marked = image[centre, columns] | image[centre - 1, columns] | image[centre + 1, columns]
    end = max(5, len(marked) // 20)
    return len(marked) > 2 * end and min(marked[:end].mean(), marked[-end:].mean()) > 0.5


def _hough_angles():
    tilts = np.deg2rad(np.arange(-MAX_TILT, MAX_TILT + 0.1, 0.2))
    return np.concatenate([tilts, tilts - np.pi / 2])


@lru_cache(maxsize=4)
def _hough_area(shape):
    """Count the pixels in each bin of the Hough transform: about the line's length within the picture."""
    return transform.hough_line(np.ones(shape, bool), _hough_angles())[0]
