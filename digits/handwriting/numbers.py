"""Cut a written number into its digits: candidates are made of connected strokes, and the network chooses among them.

This is segmentation by recognition with heuristic over-segmentation: the ink is cut into more parts than there are digits,
every few neighbouring parts are classified as one digit, and the sequence of the best total score is found by dynamic
programming (LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, VI).
"""

from itertools import pairwise

import numpy as np
from scipy import ndimage
from skimage import graph

from digits.errors import InputError
from digits.handwriting import lines, marks, mnist_frame

MAX_DIGITS, MAX_MARKS = 30, 1000  # in a number; more are dots or a pattern, and would keep the network busy for long
# mean and standard deviation of the logarithm of width by height, of the sample's 0, 1, … 9
ASPECTS = np.array([[-0.10, 0.18], [-0.82, 0.45], [-0.05, 0.21], [-0.19, 0.19], [-0.22, 0.20], [-0.05, 0.24], [-0.32, 0.23], [-0.23, 0.22], [-0.26, 0.21], [-0.37, 0.20]])  # fmt: skip
# in logarithmic units, chosen by random search on 200 numbers and 1,000 single digits of benchmarks/numbers.py, seed 7
DIGIT = 1.4  # what each digit is worth, so that many are not worse than few
CUT, CROSSED = 1.25, 1.5  # what a cut through ink costs, and for each height of ink that it crosses
ASPECT, USUAL = 0.18, 2.0  # weight of an unusual aspect, in standard deviations beyond so many
LOW = 0.65  # fraction of the number's height: what is lower is no digit
MAX_PARTS, MAX_ASPECT = 15, 1.9  # of a digit: parts, width by height
ROW_GAP = 0.08  # fraction of the height between two rows
OVERLAP, SMALL = 0.5, 0.55  # strokes belong together that share so much of the narrower one's width, if one is so low
APART = 0.15  # fraction of the height: strokes higher than SMALL with such a gap between them are not one digit
SEAM_REACH, SEAM_STEP = 0.3, 0.1  # fractions of the height: to either side of a seam's column, from one to the next
ENOUGH = 0.006  # ink in a part, in squares of the height
UNDERLINE = 0.1  # fraction of the number's height that the thickness of its underline is at most
_EVERYWHERE = np.ones((3, 3))  # pixels touch at corners too


def split(ink, classify):
    """Cut a written number into its digits, from left to right.

    Args:
        ink: (height, width), 0 for paper.
        classify: function from images (N, 28, 28) uint8 to probabilities (N, 10).

    Returns:
        a list of images (28, 28) uint8, one for each digit, and their probabilities (digits, 10) float32.

    Raises:
        InputError: there are more than MAX_DIGITS, more than MAX_MARKS strokes and specks, or several rows.
    """
    parts, cuts, groups = _parts(_without_underline(ink))
    height = max(max(part.height for part in parts), 0.8 * _Part.of(parts).height)
    runs = [
        (first, last)
        for first in range(len(parts))
        for last in range(first + 1, min(first + MAX_PARTS, len(parts)) + 1)
    ]
    runs = [run for run in runs if groups[run[0]] == groups[run[1] - 1]]
    runs = [run for run in runs if run[1] == run[0] + 1 or _Part.of(parts[slice(*run)]).width <= MAX_ASPECT * height]
    digits = [_Part.of(parts[slice(*run)]) for run in runs]
    images = np.array([mnist_frame.frame(digit.ink) for digit in digits])
    probabilities = classify(images)
    scores = {
        run: _score(digit, likely, height) for run, digit, likely in zip(runs, digits, probabilities, strict=True)
    }
    best = {0: (0.0, [])}  # the score of the best sequence that ends before a part, and its runs
    for last in range(1, len(parts) + 1):
        candidates = []
        for first in range(last):
            if (first, last) in scores:
                score, sequence = best[first]
                candidates.append((score + scores[first, last] - cuts[last - 1], [*sequence, (first, last)]))
        best[last] = max(candidates)
    chosen = [runs.index(run) for run in best[len(parts)][1]]
    if len(chosen) > MAX_DIGITS:
        raise InputError(f"shows more than {MAX_DIGITS} digits beside one another")
    return list(images[chosen]), probabilities[chosen]


def count(ink):
    """Count the digits of a number that stand apart from one another, without a network; touching ones count as one.

    Args:
        ink: (height, width), 0 for paper.

    Raises:
        InputError: as `split` does.
    """
    strokes = _strokes(ink)
    height = max(stroke.height for stroke in strokes)
    return sum(stroke.height >= SMALL * height for stroke in strokes)


def _score(digit, probabilities, height):
    """Score a part as a digit: by the network, its width by height, and its height beside the number's."""
    z = (np.log(digit.width / digit.height) - ASPECTS[:, 0]) / ASPECTS[:, 1]
    likelihood = np.log(np.maximum(probabilities, 1e-6)) - ASPECT * np.maximum(np.abs(z) - USUAL, 0) ** 2 / 2
    return likelihood.max() + DIGIT - (30 if digit.height < LOW * height else 0)


class _Part:
    """A part of the ink and its bounding box: `ink` (height, width) is cut out of the whole."""

    def __init__(self, left, top, ink):
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        self.ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self.top, self.left = top + rows[0], left + columns[0]
        self.height, self.width = self.ink.shape
        self.bottom, self.right = self.top + self.height, self.left + self.width

    @classmethod
    def of(cls, parts):
        if len(parts) == 1:
            return parts[0]
        top, left = min(part.top for part in parts), min(part.left for part in parts)
        ink = np.zeros((max(part.bottom for part in parts) - top, max(part.right for part in parts) - left), np.float32)
        for part in parts:
            place = ink[part.top - top : part.bottom - top, part.left - left : part.right - left]
            np.maximum(place, part.ink, out=place)
        return cls(left, top, ink)


def _parts(ink):
    """Cut the ink into parts from left to right: a list of _Part, what it costs to cut each from the next, and its group.

    Parts of different groups stand so far apart that they are never one digit.
    """
    strokes = _strokes(ink)
    height = max(stroke.height for stroke in strokes)
    parts, cuts, groups, right = [], [], [], None  # right: the end of the last stroke that is no detail
    for stroke in strokes:
        pieces, crossed = _cut(stroke, height)
        group = groups[-1] if groups else 0
        if stroke.height >= SMALL * height:
            group += right is not None and stroke.left - right > APART * height
            right = max(stroke.right, right or 0)
        parts += pieces
        cuts += [CUT + CROSSED * ink for ink in crossed] + [0]
        groups += [group] * len(pieces)
    return parts, cuts, groups


def _strokes(ink):
    """Find connected strokes from left to right, as a list of _Part; small ones are part of those that they lie above."""
    labels, count = ndimage.label(ink > 0, _EVERYWHERE)
    if count > MAX_MARKS:
        raise InputError(f"shows {count:,} marks apart from one another, too many for a number")
    strokes = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels)):
        strokes.append(
            _Part(columns.start, rows.start, np.where(labels[rows, columns] == number + 1, ink[rows, columns], 0))
        )
    strokes.sort(key=lambda stroke: stroke.left + stroke.right)
    _check_rows(strokes)
    height = max(stroke.height for stroke in strokes)
    merged = []
    for stroke in strokes:
        if merged and _overlap(stroke, merged[-1]) > OVERLAP and min(stroke.height, merged[-1].height) < SMALL * height:
            merged[-1] = _Part.of([merged[-1], stroke])
        else:
            merged.append(stroke)
    if sum(stroke.height >= SMALL * height for stroke in merged) > MAX_DIGITS:
        raise InputError(f"shows more than {MAX_DIGITS} digits beside one another")
    return merged


def _overlap(one, other):
    return (min(one.right, other.right) - max(one.left, other.left)) / min(one.width, other.width)


def _check_rows(strokes):
    """Refuse digits above one another; strokes of one digit, such as the circles of an 8, lie closer together."""
    height = max(stroke.height for stroke in strokes)
    large = [stroke for stroke in strokes if stroke.height > SMALL * height]
    for one in large:
        for other in large:
            if one.bottom + ROW_GAP * height <= other.top and _overlap(one, other) > 0:
                raise InputError(
                    "shows several rows of digits; only a single row is read, so cut the picture between them"
                )


def _cut(stroke, height):
    """Cut a stroke along seams from top to bottom that cross little ink: its parts, and the ink that each seam crosses.

    A seam is the cheapest path through the ink near a column, so that it goes around slanted digits.
    """
    reach, step = round(SEAM_REACH * height), max(3, round(SEAM_STEP * height))
    costs = np.pad(0.1 + 100 * stroke.ink / height, ((1, 1), (reach, reach)), constant_values=0.05)
    seams, crossed = [np.zeros(stroke.height, int)], []
    for column in range(step, stroke.width - step // 2, step):
        window = costs[:, column : column + 2 * reach + 1]
        path, _ = graph.route_through_array(window, (0, reach), (len(window) - 1, reach), fully_connected=True)
        rows, columns = np.array(path).T
        seam = np.zeros(len(window), int)
        seam[rows] = columns  # the last column in each row
        seam = np.clip(np.maximum(seam[1:-1] + column - reach, seams[-1]), 0, stroke.width)
        left = np.arange(stroke.width) < seam[:, None]
        if ENOUGH * height**2 < stroke.ink[left & (np.arange(stroke.width) >= seams[-1][:, None])].sum():
            if ENOUGH * height**2 < stroke.ink[~left].sum():
                seams.append(seam)
                crossed.append(stroke.ink[np.arange(stroke.height), np.minimum(seam, stroke.width - 1)].sum() / height)
    seams.append(np.full(stroke.height, stroke.width))
    columns = np.arange(stroke.width)
    pieces = [
        np.where((columns >= low[:, None]) & (columns < high[:, None]), stroke.ink, 0) for low, high in pairwise(seams)
    ]
    return [_Part(stroke.left, stroke.top, piece) for piece in pieces], crossed


def _without_underline(ink):
    """Take away a straight line that runs along the whole number; digits that touch it stay whole."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    height, width = ink[box].shape
    if width < height:
        return ink
    part = np.pad(0.9 * ink[box], ((height // 4, height // 4), (0, 0)))
    faded, covered = lines.fade(part, part > 0.3, UNDERLINE, upright=False)
    mask = faded > 0.3
    if not mask.any() or not covered.any():
        return ink
    mask = lines.bridge(mask, covered, part > 0.3)
    result = np.zeros_like(ink)
    result[box] = np.where(marks.strokes_of_digits(mask)[height // 4 : height // 4 + height], ink[box], 0)
    return result
