"""Pictures of a measurement: the confusion matrix, and the images that were taken for another digit."""

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from digits import files

matplotlib.rcdefaults()  # a person's own matplotlibrc would change the pictures
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

    Without a mistake the sheet shows the ten images that came closest to one.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,).
        probabilities: (N, 10).
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    shown = wrong[:MOST_SHOWN]
    title = f"{len(wrong):,} mistakes in {len(labels):,} unseen images, the surest first"
    if len(wrong) > MOST_SHOWN:
        title = f"The {MOST_SHOWN} surest of {title}"
    if not len(wrong):
        shown = np.argsort(confidence, kind="stable")[:_PER_ROW]
        title = f"No mistake in {len(labels):,} unseen images; the least sure answers"
    captions = [f"{labels[i]} read as {predicted[i]}\n{confidence[i]:.0%} sure" for i in shown]
    _draw_sheet(images[shown], captions, title, path)


def _draw_sheet(images, captions, title, path):
    rows = -(-len(images) // _PER_ROW)
    across, down = 36, 44  # a cell in pixels: the image, a margin, and two lines of writing
    sheet = np.full((rows * down, _PER_ROW * across), 255, np.uint8)
    figure = Figure(figsize=(_PER_ROW * 0.95, 0.5 + rows * 1.16), dpi=100, layout="constrained")
    axes = figure.subplots()
    for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
        top, left = (place // _PER_ROW) * down, (place % _PER_ROW) * across + 4
        sheet[top : top + 28, left : left + 28] = 255 - image
        axes.text(left + 13.5, top + 29, caption, ha="center", va="top", fontsize=7)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11)
    _save(figure, path)


def _save(figure, path):
    with files.replacing(path) as partial:
        figure.savefig(partial, format="png")
