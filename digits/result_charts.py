"""Pictures of a measurement: the confusion matrix, and the images that were taken for another digit."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from digits import files

MOST_SHOWN = 400
_PER_ROW = 10


def draw_confusion(labels, predicted, path):
    """Draw the confusion matrix of labels (N,) and predicted digits (N,), counts in the cells."""
    counts = confusion_matrix(labels, predicted, labels=range(10))
    figure = Figure(figsize=(6.5, 6.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    highest = max(counts.max(), 2)
    axes.imshow(np.where(counts, counts, np.nan), cmap="Blues", norm=LogNorm(0.7, highest))
    for actual, prediction in np.argwhere(counts):
        dark = counts[actual, prediction] ** 2 > highest
        axes.text(prediction, actual, f"{counts[actual, prediction]}", ha="center", va="center", color="white" if dark else "black")
    errors = len(labels) - np.trace(counts)
    axes.set(xticks=range(10), yticks=range(10), xlabel="predicted digit", ylabel="true digit")
    axes.set_title(f"{errors:,} of {len(labels):,} unseen images taken for another digit", fontsize=11)
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    _save(figure, path)


def draw_mistakes(images, labels, probabilities, path):
    """Draw the misclassified images on one sheet, the surest mistake first, each with its true and predicted digit.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,).
        probabilities: (N, 10).
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]
    shown = wrong[:MOST_SHOWN]
    rows = max(1, -(-len(shown) // _PER_ROW))
    figure = Figure(figsize=(_PER_ROW * 0.95, 0.7 + rows * 1.25), dpi=100, layout="constrained")
    axes = figure.subplots()
    across, down = 34, 44  # a cell: the image, a margin, and two lines of writing
    sheet = np.full((rows * down, _PER_ROW * across), 255, np.uint8)
    for place, i in enumerate(shown):
        top, left = (place // _PER_ROW) * down, (place % _PER_ROW) * across + 3
        sheet[top : top + 28, left : left + 28] = 255 - images[i]
        words = f"{labels[i]} read as {predicted[i]}\n{probabilities[i].max():.0%} sure"
        axes.text(left + 13.5, top + 29, words, ha="center", va="top", fontsize=7)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    number = f"{len(wrong)} mistakes" if len(wrong) <= MOST_SHOWN else f"the {MOST_SHOWN} surest of {len(wrong)} mistakes"
    axes.set_title(f"{number} in {len(labels):,} unseen images, the surest first", fontsize=11)
    _save(figure, path)


def _save(figure, path):
    with files.replacing(path) as partial:
        figure.savefig(partial, format="png")
