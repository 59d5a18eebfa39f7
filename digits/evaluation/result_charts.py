"""Pictures of a measurement: the confusion matrix, the images taken for another digit, sureness against truth."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter
from sklearn.metrics import confusion_matrix

from digits.evaluation import charts
from digits.evaluation.scores import BINS

MAX_SHOWN = 400
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
        axes.text(
            prediction,
            actual,
            f"{counts[actual, prediction]}",
            ha="center",
            va="center",
            color="white" if dark else "black",
        )
    errors = len(labels) - np.trace(counts)
    axes.set(xticks=range(10), yticks=range(10), xlabel="predicted digit", ylabel="true digit")
    axes.set_title(f"{errors:,} of {len(labels):,} unseen images taken for another digit", fontsize=11)
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    charts.save(figure, path)


def draw_mistakes(judged, path):
    """Draw the misclassified images on one sheet, the surest mistake first, each with its true and predicted digit.

    Without a mistake the sheet shows the ten images that came closest to one.
    """
    mistakes = judged.mistakes()
    shown = mistakes.where(slice(MAX_SHOWN))
    title = f"{len(mistakes):,} mistakes in {len(judged):,} unseen images, the surest first"
    if len(mistakes) > MAX_SHOWN:
        title = f"The {MAX_SHOWN} surest of {title}"
    if not len(mistakes):
        shown = judged.least_confident(_PER_ROW)
        title = f"No mistake in {len(judged):,} unseen images; the least sure answers"
    said = zip(shown.labels, shown.predicted, shown.confidence, strict=True)
    captions = [f"{label} read as {predicted}\n{confidence:.0%} sure" for label, predicted, confidence in said]
    _draw_sheet(shown.images, captions, title, path)


def draw_reliability(rows, path):
    """Draw how often answers are right against how sure they were, and how many there were; rows of scores.reliability."""
    confidence, accuracy, low, high, images = np.array(rows).T
    figure = Figure(figsize=(4.6, 4.4), dpi=160, layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], color="gray", linestyle=":", label="as sure as right")
    ends = np.maximum([accuracy - low, high - accuracy], 0)  # a rounding error below 0 would be refused
    upper.errorbar(confidence, accuracy, ends, fmt="o", capsize=3, label="measured, 95% interval")
    upper.set(xlim=(0, 1.02), ylim=(-0.02, 1.04), ylabel="how often it was right")
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    lower.bar(confidence, images, width=0.8 / BINS)
    lower.set(yscale="log", ylim=(0.7, 2 * images.max()), xlabel="how sure the answer was", ylabel="images")
    for axes in (upper, lower):
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    lower.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    charts.save(figure, path)


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
    charts.save(figure, path)
