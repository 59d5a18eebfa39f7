"""Separate the strokes of digits from other marks: shadows, boxes, edges of the paper, specks, underlines."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

MAX_MARKS = 500
MAX_EDGE_WIDTH = 0.04  # of the picture's shorter side; wider transitions from paper to ink are shadows
MAX_MARK_EDGE_WIDTH = 0.08  # the same, of the mark's size, for enlarged digits
MIN_MARK, MIN_DRAWN_MARK = 0.12, 0.04  # in a photo, in a drawing: fraction of the tallest mark's height
MAX_FRAGMENT = 0.4  # the same, of a mark that must lie near a larger one
MAX_GAP = 0.25  # the same, between a fragment and a larger mark
MIN_DEPTH = 0.4  # fraction of the largest mark's size: how far a stroke at the edge reaches into the picture


class Mark:
    """A connected component of a mask and its bounding box; all lengths are in pixels."""

    def __init__(self, labels: NDArray[np.integer], label: int, box: tuple[slice, slice]):
        self.label = label
        rows, columns = box
        self.top, self.bottom, self.left, self.right = rows.start, rows.stop, columns.start, columns.stop
        self.height, self.width = self.bottom - self.top, self.right - self.left
        self.size = max(self.height, self.width)
        self.image = labels[box] == label
        height, width = labels.shape
        # how far it reaches into the picture, once for each edge that it touches
        self.depths = [self.height] * (int(self.top == 0) + int(self.bottom == height))
        self.depths += [self.width] * (int(self.left == 0) + int(self.right == width))

    @property
    def shape(self):
        """Region properties, as scikit-image measures them."""
        return measure.regionprops(self.image.astype(np.uint8))[0]

    @property
    def thickness(self) -> float:
        return 2 * ndimage.distance_transform_edt(np.pad(self.image, 1)).max() - 1

    def gap(self, other: "Mark") -> int:
        """Return the distance between the bounding boxes along the axis on which they are further apart."""
        horizontal = max(self.left - other.right, other.left - self.right)
        vertical = max(self.top - other.bottom, other.top - self.bottom)
        return max(horizontal, vertical, 0)

    def is_inside(self, other: "Mark") -> bool:
        rows_inside = other.top <= self.top and self.bottom <= other.bottom
        return rows_inside and other.left <= self.left and self.right <= other.right


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
    limits = np.maximum(MAX_MARK_EDGE_WIDTH * sizes(labels), max(MAX_EDGE_WIDTH * min(mask.shape), 12))
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
    boxes, sides = ndimage.find_objects(labels), sizes(labels)
    large = np.flatnonzero(sides >= min_mark * sides.max() / 4).tolist()  # smaller ones are specks in any case
    if len(large) > MAX_MARKS:
        return mask
    marks = [Mark(labels, index + 1, boxes[index]) for index in large]
    find_specks = partial(_find_specks, min_mark=min_mark)
    finders: list[Callable[[list[Mark]], list[Mark]]] = [
        _find_frames,
        _find_edges,
        find_specks,
        _find_fragments,
        _find_underlines,
    ]
    for find in finders:
        removed = find(marks)
        if len(removed) < len(marks):
            marks = [mark for mark in marks if mark not in removed]
    return np.isin(labels, [mark.label for mark in marks])


def sizes(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the longer side of each labelled mark's bounding box, in pixels."""
    boxes = ndimage.find_objects(labels)
    return np.array([max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in boxes], int)


def _find_frames(marks):
    """Find boxes around other marks: rectangles that are empty apart from them."""

    def encloses(mark):
        return any(other.is_inside(mark) and other.size > 0.3 * mark.size for other in _others(mark, marks))

    return [mark for mark in marks if encloses(mark) and _is_frame(mark)]


def _is_frame(mark):
    hull = mark.shape.image_convex
    interior = ndimage.distance_transform_edt(np.pad(hull, 1))[1:-1, 1:-1] > 0.15 * min(mark.height, mark.width)
    return hull.sum() > 0.82 * hull.size and (mark.image & interior).sum() < 0.03 * mark.image.sum()


def _find_edges(marks):
    """Find marks along the picture's edge, and thick ones that touch it, where another mark does not touch it."""
    free = [mark for mark in marks if not mark.depths]
    if not free:
        return []
    largest = max(free, key=lambda mark: mark.size)

    def is_edge(mark):
        if not mark.depths or largest.size < 0.25 * min(mark.depths):
            return False
        shallow = min(mark.depths) < MIN_DEPTH * largest.size
        return shallow or (mark.shape.solidity > 0.8 and mark.thickness > 2 * largest.thickness)

    return [mark for mark in marks if is_edge(mark)]


def _find_specks(marks, min_mark):
    tallest = max(mark.height for mark in marks)
    return [mark for mark in marks if mark.size < min_mark * tallest]


def _find_fragments(marks):
    """Find small marks that are far from every large one."""
    tallest = max(mark.height for mark in marks)
    large = [mark for mark in marks if mark.size >= MAX_FRAGMENT * tallest]
    small = [mark for mark in marks if mark not in large]
    return [mark for mark in small if min(mark.gap(other) for other in large) > MAX_GAP * tallest]


def _find_underlines(marks):
    """Find flat straight lines below all marks above which they run."""

    def is_underline(mark):
        above = [other for other in _others(mark, marks) if other.left < mark.right and mark.left < other.right]
        if not above or mark.width <= 5 * mark.height:
            return False
        if mark.shape.axis_minor_length >= 0.04 * mark.shape.axis_major_length + mark.thickness:
            return False
        height = max(other.height for other in above)
        return mark.width > 0.5 * height and mark.top > max(other.bottom for other in above) + 0.08 * height

    return [mark for mark in marks if is_underline(mark)]


def _others(mark, marks):
    return [other for other in marks if other is not mark]
