"""Cut a written number into segments: connected strokes, and the parts of wide strokes between seams of little ink.

There are more segments than digits (heuristic over-segmentation); `digits.handwriting.numbers` combines them. All
fractions are of the number's height, which is that of its tallest stroke.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import graph

from digits.errors import InputError
from digits.handwriting import lines, marks

MAX_MARKS = 1000  # in a number; more are a pattern, which would take long to classify
MIN_TALL = 0.55  # height of a stroke that may be a digit by itself
MIN_ROW_GAP = 0.08  # between two rows of digits
MIN_OVERLAP = 0.5  # of the narrower stroke's width: strokes that share so much are one digit, unless both are tall
MIN_GROUP_GAP = 0.15  # tall strokes with such a gap between them are never one digit
SEAM_REACH, SEAM_STEP = 0.3, 0.1  # deviation of a seam to either side, distance from one seam to the next
MIN_INK = 0.006  # in a segment, in squares of the height
MAX_UNDERLINE_WIDTH = 0.1


class Segment:
    """A part of the ink, cropped to its bounding box; its position in the whole is in pixels.

    Attributes:
        ink: (height, width) float32.
    """

    def __init__(self, left: int, top: int, ink: NDArray[np.float32]):
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        self.ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self.top, self.left = top + int(rows[0]), left + int(columns[0])
        self.height, self.width = self.ink.shape
        self.bottom, self.right = self.top + self.height, self.left + self.width

    @classmethod
    def merge(cls, segments: Sequence["Segment"]) -> "Segment":
        if len(segments) == 1:
            return segments[0]
        top, left = min(segment.top for segment in segments), min(segment.left for segment in segments)
        bottom, right = max(segment.bottom for segment in segments), max(segment.right for segment in segments)
        ink = np.zeros((bottom - top, right - left), np.float32)
        for segment in segments:
            rows = slice(segment.top - top, segment.bottom - top)
            columns = slice(segment.left - left, segment.right - left)
            np.maximum(ink[rows, columns], segment.ink, out=ink[rows, columns])
        return cls(left, top, ink)

    def overlap(self, other: "Segment") -> float:
        """Compute the columns shared with `other`, as a fraction of the narrower width; negative if there are none."""
        shared = min(self.right, other.right) - max(self.left, other.left)
        return shared / min(self.width, other.width)


def find_strokes(ink: NDArray[np.float32]) -> list[Segment]:
    """Find the connected strokes from left to right; small ones are merged with the strokes above or below them.

    Args:
        ink: (height, width), 0 for paper.

    Raises:
        InputError: there are more than MAX_MARKS strokes and specks, or several rows.
    """
    labels, count = ndimage.label(ink > 0, np.ones((3, 3)))  # diagonal neighbours are connected
    if count > MAX_MARKS:
        raise InputError(f"contains {count:,} separate marks, too many for a number")
    strokes = []
    for index, box in enumerate(ndimage.find_objects(labels)):
        strokes.append(Segment(box[1].start, box[0].start, np.where(labels[box] == index + 1, ink[box], 0)))
    strokes.sort(key=lambda stroke: stroke.left + stroke.right)
    height = max(stroke.height for stroke in strokes)
    _check_single_row([stroke for stroke in strokes if stroke.height > MIN_TALL * height], height)
    merged = strokes[:1]
    for stroke in strokes[1:]:
        smaller = min(stroke.height, merged[-1].height)
        if stroke.overlap(merged[-1]) > MIN_OVERLAP and smaller < MIN_TALL * height:
            merged[-1] = Segment.merge([merged[-1], stroke])
        else:
            merged.append(stroke)
    return merged


def _check_single_row(strokes, height):
    """Refuse digits above one another; strokes of one digit, such as the circles of an 8, are closer together."""
    for upper in strokes:
        for lower in strokes:
            if upper.bottom + MIN_ROW_GAP * height <= lower.top and upper.overlap(lower) > 0:
                raise InputError("contains several rows of digits; crop the picture to one row")


def cut_into_segments(strokes: list[Segment]) -> tuple[list[Segment], list[float | None], list[int]]:
    """Cut strokes into segments from left to right.

    Returns:
        The segments, the ink that the cut behind each of them crosses (a fraction of the number's height, None at the
        end of a stroke), and the number of each segment's group: segments of different groups are never one digit.
    """
    height = max(stroke.height for stroke in strokes)
    segments: list[Segment] = []
    crossed: list[float | None] = []
    groups: list[int] = []
    group, right = 0, None  # right: end of the tall strokes so far
    for stroke in strokes:
        parts, crossed_by_seams = _cut(stroke, height)
        if stroke.height >= MIN_TALL * height:
            group += right is not None and stroke.left - right > MIN_GROUP_GAP * height
            right = max(stroke.right, right or 0)
        segments += parts
        crossed += [*crossed_by_seams, None]
        groups += [group] * len(parts)
    return segments, crossed, groups


def _cut(stroke: Segment, height: int) -> tuple[list[Segment], list[float]]:
    """Cut a stroke along seams from top to bottom: its parts, and the ink that each seam crosses.

    A seam is the path with the least ink near a column, which avoids cutting through slanted digits.
    """
    reach, step = round(SEAM_REACH * height), max(3, round(SEAM_STEP * height))
    costs = np.pad(0.1 + 100 * stroke.ink / height, ((1, 1), (reach, reach)), constant_values=0.05)
    columns, min_ink = np.arange(stroke.width), MIN_INK * height**2
    seams, crossed = [np.zeros(stroke.height, int)], []
    for column in range(step, stroke.width - step // 2, step):
        offsets = _find_seam(costs[:, column : column + 2 * reach + 1], reach)
        seam = np.clip(np.maximum(offsets + column - reach, seams[-1]), 0, stroke.width)
        left = columns < seam[:, None]
        ink_left, ink_right = stroke.ink[left & (columns >= seams[-1][:, None])].sum(), stroke.ink[~left].sum()
        if min(ink_left, ink_right) > min_ink:
            seams.append(seam)
            crossed.append(stroke.ink[np.arange(stroke.height), np.minimum(seam, stroke.width - 1)].sum() / height)
    seams.append(np.full(stroke.height, stroke.width))
    parts = []
    for start, end in pairwise(seams):
        part = np.where((columns >= start[:, None]) & (columns < end[:, None]), stroke.ink, 0)
        parts.append(Segment(stroke.left, stroke.top, part))
    return parts, crossed


def _find_seam(costs, start):
    """Find the cheapest path from the top to the bottom in column `start`: its last column in each inner row."""
    path, _ = graph.route_through_array(costs, (0, start), (len(costs) - 1, start), fully_connected=True)
    rows, columns = np.array(path).T
    seam = np.zeros(len(costs), int)
    seam[rows] = columns
    return seam[1:-1]


def remove_underline(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Remove a straight line along the whole number; digits that touch it stay complete."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    height, width = ink[box].shape
    if width < height:
        return ink
    margin = height // 4
    number = np.pad(0.9 * ink[box], ((margin, margin), (0, 0)))
    faded, covered = lines.remove_lines(number, number > 0.3, MAX_UNDERLINE_WIDTH)
    mask = faded > 0.3
    if not mask.any() or not covered.any():
        return ink
    mask = lines.close_gaps(mask, covered, number > 0.3)
    result = np.zeros_like(ink)
    result[box] = np.where(marks.select_digit_strokes(mask)[margin : margin + height], ink[box], 0)
    return result
