"""Separate the strokes of digits from other marks: shadows, boxes, edges, rules, holes, crumbs and specks."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digits.handwriting import mark_filters
from digits.handwriting.mark_filters import Mark

MAX_MARKS = 500
MAX_EDGE_WIDTH = 0.04  # of the picture's shorter side; wider transitions from paper to ink are shadows
MAX_MARK_EDGE_WIDTH = 0.08  # the same, of the mark's size, for enlarged digits
MIN_DIGIT = 0.08  # fraction of the picture's shorter side
MIN_MARK, MIN_DRAWN_MARK = 0.12, 0.04  # in a photo, in a drawing: fraction of the tallest mark's height


def remove_shadows(contrast: NDArray[np.floating], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Remove the marks that have no sharp edge.

    Args:
        contrast: (height, width) float, 0–1.
        mask: (height, width) bool, True for marked pixels.

    Returns:
        (height, width) bool, the marks with an edge narrower than MAX_EDGE_WIDTH or MAX_MARK_EDGE_WIDTH.
    """
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    numbers = np.arange(1, count + 1)
    steepest = ndimage.maximum(ndimage.gaussian_gradient_magnitude(contrast, 2), labels, numbers)
    highest = ndimage.maximum(ndimage.gaussian_filter(contrast, 2), labels, numbers)
    edge_widths = highest / np.maximum(steepest, 1e-9)  # pixels
    boxes = ndimage.find_objects(labels)
    sizes = np.array([max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in boxes])
    limits = np.maximum(MAX_MARK_EDGE_WIDTH * sizes, max(MAX_EDGE_WIDTH * min(mask.shape), 12))
    return np.isin(labels, numbers[edge_widths < limits])


def select_digit_strokes(mask: NDArray[np.bool_], min_mark: float = MIN_MARK) -> NDArray[np.bool_]:
    """Remove the marks that are not strokes of digits.

    Args:
        mask: (height, width) bool, True for marked pixels.
        min_mark: minimum size of a mark, as a fraction of the tallest mark's height.

    Returns:
        (height, width) bool, the strokes of digits; at least one mark always remains. A mask of more than MAX_MARKS
        marks is a pattern, and returned unchanged.
    """
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        return mask
    boxes = ndimage.find_objects(labels)
    extents = np.array([max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in boxes])
    large = np.flatnonzero(extents >= min_mark * extents.max() / 4).tolist()  # smaller ones are specks in any case
    if len(large) > MAX_MARKS:
        return mask
    marks = [Mark(labels, index + 1, boxes[index]) for index in large]
    for find in (
        mark_filters.find_frames,
        mark_filters.find_edges,
        mark_filters.find_dots,
        partial(mark_filters.find_rules, min_digit=MIN_DIGIT * min(mask.shape)),
        partial(mark_filters.find_specks, fraction=min_mark),
        mark_filters.find_fragments,
        mark_filters.find_underlines,
    ):
        removed = find(marks)
        if len(removed) < len(marks):
            marks = [mark for mark in marks if mark not in removed]
    return np.isin(labels, [mark.label for mark in marks])
