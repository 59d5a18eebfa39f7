"""Filters that find marks which are not strokes of digits, each by its shape and its position among the other marks."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

MAX_DOT = 0.5  # fraction of the tallest mark's height
MAX_FRAGMENT = 0.4  # the same, of a mark that must lie near a larger one
MAX_GAP = 0.25  # the same, between a fragment and a larger mark
MIN_DEPTH = 0.4  # fraction of the largest mark's size: how far a stroke at the edge reaches into the picture


class Mark:
    """A connected component of a mask, its bounding box and its shape; all lengths are in pixels."""

    def __init__(self, labels: NDArray[np.integer], label: int, box: tuple[slice, slice]):
        self.label = label
        rows, columns = box
        self.top, self.bottom, self.left, self.right = rows.start, rows.stop, columns.start, columns.stop
        self.height, self.width = self.bottom - self.top, self.right - self.left
        self.extent = max(self.height, self.width)
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

    @property
    def is_straight(self) -> bool:
        shape = self.shape
        return shape.axis_minor_length < 0.04 * shape.axis_major_length + self.thickness

    def gap(self, other: "Mark") -> int:
        """Return the distance between the bounding boxes along the axis on which they are further apart."""
        horizontal = max(self.left - other.right, other.left - self.right)
        vertical = max(self.top - other.bottom, other.top - self.bottom)
        return max(horizontal, vertical, 0)

    def is_inside(self, other: "Mark") -> bool:
        rows_inside = other.top <= self.top and self.bottom <= other.bottom
        return rows_inside and other.left <= self.left and self.right <= other.right


def find_frames(marks: list[Mark]) -> list[Mark]:
    """Find boxes around other marks: rectangles that are empty apart from them."""

    def encloses(mark):
        return any(other.is_inside(mark) and other.extent > 0.3 * mark.extent for other in _others(mark, marks))

    return [mark for mark in marks if encloses(mark) and _is_frame(mark)]


def _is_frame(mark):
    hull = mark.shape.image_convex
    interior = ndimage.distance_transform_edt(np.pad(hull, 1))[1:-1, 1:-1] > 0.15 * min(mark.height, mark.width)
    return hull.sum() > 0.82 * hull.size and (mark.image & interior).sum() < 0.03 * mark.image.sum()


def find_edges(marks: list[Mark]) -> list[Mark]:
    """Find marks along the picture's edge, and thick ones that touch it, where another mark does not touch it."""
    free = [mark for mark in marks if not mark.depths]
    if not free:
        return []
    largest = max(free, key=lambda mark: mark.extent)

    def is_edge(mark):
        if not mark.depths or largest.extent < 0.25 * min(mark.depths):
            return False
        shallow = min(mark.depths) < MIN_DEPTH * largest.extent
        return shallow or (mark.shape.solidity > 0.8 and mark.thickness > 2 * largest.thickness)

    return [mark for mark in marks if is_edge(mark)]


def find_dots(marks: list[Mark]) -> list[Mark]:
    """Find marks that are round, filled and wider than a stroke, such as punch holes."""
    tallest = max(marks, key=lambda mark: mark.height)

    def is_dot(mark):
        small = mark.extent < MAX_DOT * tallest.height
        compact = mark.extent < 1.6 * min(mark.height, mark.width)
        return small and compact and mark.shape.solidity > 0.88 and mark.thickness > tallest.thickness

    return [mark for mark in marks if is_dot(mark)]


def find_rules(marks: list[Mark], min_digit: float) -> list[Mark]:
    """Find straight thin lines much longer than any other mark, if another one has at least `min_digit` pixels."""

    def is_rule(mark):
        longest = max((other.extent for other in _others(mark, marks)), default=0)
        if longest <= min_digit or mark.extent <= 1.8 * longest:
            return False
        return mark.thickness < 0.05 * mark.extent and mark.is_straight

    return [mark for mark in marks if is_rule(mark)]


def find_specks(marks: list[Mark], fraction: float) -> list[Mark]:
    """Find marks smaller than a fraction of the tallest mark's height."""
    tallest = max(mark.height for mark in marks)
    return [mark for mark in marks if mark.extent < fraction * tallest]


def find_fragments(marks: list[Mark]) -> list[Mark]:
    """Find small marks that are far from every large one."""
    tallest = max(mark.height for mark in marks)
    large = [mark for mark in marks if mark.extent >= MAX_FRAGMENT * tallest]
    small = [mark for mark in marks if mark not in large]
    return [mark for mark in small if min(mark.gap(other) for other in large) > MAX_GAP * tallest]


def find_underlines(marks: list[Mark]) -> list[Mark]:
    """Find flat straight lines below all marks above which they run."""

    def is_underline(mark):
        above = [other for other in _others(mark, marks) if other.left < mark.right and mark.left < other.right]
        if not above or mark.width <= 5 * mark.height or not mark.is_straight:
            return False
        height = max(other.height for other in above)
        return mark.width > 0.5 * height and mark.top > max(other.bottom for other in above) + 0.08 * height

    return [mark for mark in marks if is_underline(mark)]


def _others(mark, marks):
    return [other for other in marks if other is not mark]
