"""Tell the strokes of digits from other marks in a picture: shadows, boxes, edges, rules, holes, crumbs and specks."""

from functools import partial

import numpy as np
from scipy import ndimage
from skimage import measure

MAX_MARKS = 500
SOFT = 0.04  # fraction of the picture's shorter side: an edge that takes so long from paper to ink is a shadow's
LEAST_DIGIT = 0.08  # fraction of the picture's shorter side
SPECK, DRAWN_SPECK = 0.12, 0.04  # in a photo, in a drawing: fraction of the highest mark's height
DOT = 0.5  # the same, of what is round and full, as a punch hole is
FRAGMENT, NEAR = 0.4, 0.25  # the same, of what may belong to something large, and how near it must be
EDGE = 0.4  # the same, of how far a mark at the picture's edge must reach into it to be a stroke


def without_soft(contrast, mask):
    """Drop the marks whose edges are nowhere sharp, as those of a shadow.

    Args:
        contrast: (height, width) float, 0–1.
        mask: (height, width) bool, what is marked.

    Returns:
        (height, width) bool, the part of it that has an edge of less than SOFT of the shorter side.
    """
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    numbers = np.arange(1, count + 1)
    steepest = ndimage.maximum(ndimage.gaussian_gradient_magnitude(contrast, 2), labels, numbers)
    edges = ndimage.maximum(ndimage.gaussian_filter(contrast, 2), labels, numbers) / np.maximum(
        steepest, 1e-9
    )  # pixels
    return np.isin(labels, numbers[edges < max(SOFT * min(mask.shape), 12)])


def strokes_of_digits(mask, speck=SPECK):
    """Drop the marks that are not strokes of digits.

    Args:
        mask: (height, width) bool, what is marked.
        speck: what is shorter than this fraction of the largest mark is dropped.

    Returns:
        (height, width) bool, the part of it that belongs to digits; the highest mark always stays.
        With more than MAX_MARKS it is a pattern, which is returned as it is.
    """
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        return mask
    boxes = np.array(
        [[rows.start, columns.start, rows.stop, columns.stop] for rows, columns in ndimage.find_objects(labels)]
    )
    extents = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    large = np.flatnonzero(extents >= speck * extents.max() / 4)  # the rest is dropped in any case
    if len(large) > MAX_MARKS:
        return mask
    marks = [_Mark(labels, number + 1, boxes[number]) for number in large]
    rules, specks = partial(_rules, size=LEAST_DIGIT * min(mask.shape)), partial(_specks, fraction=speck)
    for dropped in (_frames, _edges, _dots, rules, specks, _fragments, _underlines):
        gone = dropped(marks)
        marks = [mark for mark in marks if mark not in gone] if len(gone) < len(marks) else marks
    return np.isin(labels, [mark.label for mark in marks])


class _Mark:
    """A connected mark, what scikit-image measures of it, and where it lies."""

    def __init__(self, labels, label, box):
        self.label = label
        self.top, self.left, self.bottom, self.right = box
        self.height, self.width = self.bottom - self.top, self.right - self.left
        self.extent = max(self.height, self.width)
        self.image = labels[self.top : self.bottom, self.left : self.right] == label
        height, width = labels.shape
        self.depths = [  # how far it reaches into the picture from each side that it touches
            depth
            for touches, depth in [
                (self.top == 0, self.height),
                (self.left == 0, self.width),
                (self.bottom == height, self.height),
                (self.right == width, self.width),
            ]
            if touches
        ]

    @property
    def shape(self):
        return measure.regionprops(self.image.astype(np.uint8))[0]

    @property
    def thickness(self):
        return 2 * ndimage.distance_transform_edt(np.pad(self.image, 1)).max() - 1

    def gap(self, other):
        """Pixels between the bounding boxes, along the axis on which they are further apart."""
        return max(
            self.left - other.right, other.left - self.right, self.top - other.bottom, other.top - self.bottom, 0
        )

    def inside(self, other):
        return (
            other.top <= self.top
            and other.left <= self.left
            and self.bottom <= other.bottom
            and self.right <= other.right
        )


def _frames(marks):
    """Boxes around others: rectangles with nothing of their own inside."""
    return [
        mark
        for mark in marks
        if any(other is not mark and other.inside(mark) and other.extent > 0.3 * mark.extent for other in marks)
        and _is_frame(mark)
    ]


def _is_frame(mark):
    hull = mark.shape.image_convex
    inner = ndimage.distance_transform_edt(np.pad(hull, 1))[1:-1, 1:-1] > 0.15 * min(mark.height, mark.width)
    return hull.sum() > 0.82 * hull.size and (mark.image & inner).sum() < 0.03 * mark.image.sum()


def _edges(marks):
    """What lies along the picture's edge, or hangs from it as a shadow does, where something else does not."""
    free = [mark for mark in marks if not mark.depths]
    if not free:
        return []
    largest = max(free, key=lambda mark: mark.extent)
    gone = []
    for mark in marks:
        if mark.depths and largest.extent >= 0.25 * min(mark.depths):
            if min(mark.depths) < EDGE * largest.extent or (
                mark.shape.solidity > 0.8 and mark.thickness > 2 * largest.thickness
            ):
                gone.append(mark)
    return gone


def _rules(marks, size):
    """Straight thin lines, far longer than anything else, where something else is at least as large as `size`, in pixels."""
    gone = []
    for mark in marks:
        others = [other.extent for other in marks if other is not mark]
        if (
            others
            and max(others) > size
            and mark.extent > 1.8 * max(others)
            and mark.thickness < 0.05 * mark.extent
            and _is_straight(mark)
        ):
            gone.append(mark)
    return gone


def _is_straight(mark):
    shape = mark.shape
    return shape.axis_minor_length < 0.04 * shape.axis_major_length + mark.thickness


def _dots(marks):
    """Round, full and wider than a stroke, as punch holes are."""
    largest = max(marks, key=lambda mark: mark.height)
    return [
        mark
        for mark in marks
        if mark.extent < DOT * largest.height
        and mark.extent < 1.6 * min(mark.height, mark.width)
        and mark.shape.solidity > 0.88
        and mark.thickness > largest.thickness
    ]


def _specks(marks, fraction):
    largest = max(mark.height for mark in marks)
    return [mark for mark in marks if mark.extent < fraction * largest]


def _fragments(marks):
    """Small and far from everything large."""
    largest = max(mark.height for mark in marks)
    large = [mark for mark in marks if mark.extent >= FRAGMENT * largest]
    return [mark for mark in marks if mark not in large and min(mark.gap(other) for other in large) > NEAR * largest]


def _underlines(marks):
    """Flat straight lines below everything else."""
    gone = []
    for mark in marks:
        others = [other for other in marks if other is not mark]
        if others and mark.width > 5 * mark.height and _is_straight(mark):
            over = [other for other in others if other.left < mark.right and mark.left < other.right]
            height = max((other.height for other in over), default=0)
            if over and mark.width > 0.5 * height and mark.top > max(other.bottom for other in over) + 0.08 * height:
                gone.append(mark)
    return gone
