"""Split a written number into its digits: the network chooses among combinations of segments.

This is segmentation by recognition: the ink is cut into more segments than there are digits, every few neighbouring
segments are classified as one digit, and dynamic programming finds the sequence with the highest total score (LeCun,
Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section VI).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digits.errors import InputError
from digits.handwriting import mnist_frame, segmentation
from digits.handwriting.segmentation import Segment

MAX_DIGITS = 30  # in a number; more are a pattern, which would take long to classify
MAX_SEGMENTS, MAX_ASPECT = 15, 1.9  # in a digit; its width divided by its height
MIN_HEIGHT = 0.65  # of a digit, as a fraction of the number's height
# mean and standard deviation of log(width / height) of the digits 0, 1, …, 9 in the sample
LOG_ASPECTS = np.array([[-0.10, 0.18], [-0.82, 0.45], [-0.05, 0.21], [-0.19, 0.19], [-0.22, 0.20], [-0.05, 0.24], [-0.32, 0.23], [-0.23, 0.22], [-0.26, 0.21], [-0.37, 0.20]])  # fmt: skip  # noqa: E501 - a table

# log-likelihoods, tuned by random search on 200 numbers and 1,000 single digits of benchmarks/numbers.py, seed 7
DIGIT_BONUS = 1.4  # compensates for the lower likelihood of a sequence of many digits
CUT_COST, CROSSED_COST = 1.25, 1.5  # of each cut, and of the ink that it crosses, in heights of the number
ASPECT_COST, MAX_DEVIATION = 0.18, 2.0  # of an unusual aspect, for standard deviations above the maximum
LOW_COST = 30  # of a digit below MIN_HEIGHT
TEMPERATURE = 0.6  # of the calibration, which is undone: the weights above are those of a network without it


def split(
    ink: NDArray[np.float32], classify: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
) -> tuple[list[NDArray[np.uint8]], NDArray[np.float32]]:
    """Split a written number into its digits, from left to right.

    Args:
        ink: (height, width), 0 for paper.
        classify: a function of images (N, 28, 28) uint8 that returns probabilities (N, 10).

    Returns:
        An image (28, 28) uint8 for each digit, and the probabilities (digits, 10) float32.

    Raises:
        InputError: there are more than MAX_DIGITS digits, too many marks, or several rows.
    """
    segments, crossed, groups = segmentation.cut_into_segments(_find_strokes(segmentation.remove_underline(ink)))
    height = max(max(segment.height for segment in segments), 0.8 * Segment.merge(segments).height)
    candidates = _combine(segments, groups, height)
    images = np.array([mnist_frame.frame(digit.ink) for digit in candidates.values()])
    probabilities = classify(images)
    scores = {
        span: _score(digit, digit_probabilities, height)
        for (span, digit), digit_probabilities in zip(candidates.items(), probabilities, strict=True)
    }
    cut_costs = [0.0 if ink_crossed is None else CUT_COST + CROSSED_COST * ink_crossed for ink_crossed in crossed]
    spans = list(candidates)
    chosen = [spans.index(span) for span in _find_best_sequence(scores, cut_costs)]
    if len(chosen) > MAX_DIGITS:
        raise InputError(f"contains more than {MAX_DIGITS} digits")
    return list(images[chosen]), probabilities[chosen]


def _find_strokes(ink):
    strokes = segmentation.find_strokes(ink)
    height = max(stroke.height for stroke in strokes)
    if sum(stroke.height >= segmentation.MIN_TALL * height for stroke in strokes) > MAX_DIGITS:
        raise InputError(f"contains more than {MAX_DIGITS} digits")
    return strokes


def _combine(segments: list[Segment], groups: list[int], height: float) -> dict[tuple[int, int], Segment]:
    """Merge neighbouring segments that may be one digit: {(first, end): digit}."""
    candidates = {}
    for first in range(len(segments)):
        for end in range(first + 1, min(first + MAX_SEGMENTS, len(segments)) + 1):
            if groups[first] != groups[end - 1]:
                break
            digit = Segment.merge(segments[first:end])
            if end == first + 1 or digit.width <= MAX_ASPECT * height:
                candidates[first, end] = digit
    return candidates


def _score(digit: Segment, probabilities: NDArray[np.float32], height: float) -> float:
    """Score a digit by its probability, its aspect, and its height compared with the number's."""
    deviation = np.abs((np.log(digit.width / digit.height) - LOG_ASPECTS[:, 0]) / LOG_ASPECTS[:, 1])
    aspect_cost = ASPECT_COST * np.maximum(deviation - MAX_DEVIATION, 0) ** 2 / 2
    softened = np.maximum(probabilities, 1e-9) ** TEMPERATURE
    log_likelihood = np.log(np.maximum(softened / softened.sum(), 1e-6)) - aspect_cost
    return log_likelihood.max() + DIGIT_BONUS - (LOW_COST if digit.height < MIN_HEIGHT * height else 0)


def _find_best_sequence(scores, cut_costs):
    """Find the adjacent spans with the highest total score, from the first segment to the last."""
    # score and spans of the best sequence that ends before each segment
    best: dict[int, tuple[float, list]] = {0: (0.0, [])}
    for end in range(1, len(cut_costs) + 1):
        sequences = []
        for first in range(end):
            if (first, end) in scores:
                score, spans = best[first]
                sequences.append((score + scores[first, end] - cut_costs[end - 1], [*spans, (first, end)]))
        best[end] = max(sequences)
    return best[len(cut_costs)][1]
