"""Draw predictions as charts: the confusion matrix, the misclassified images, the reliability diagram.

Predictions are tables as digits.evaluation.predictions describes them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from digits.evaluation import charts
from digits.evaluation.metrics import BINS
from digits.evaluation.predictions import select_least_confident, select_misclassified

MAX_SHOWN = 400
COLUMNS = 10


@charts.default_style
def draw_confusion(predictions: pd.DataFrame, path: str | Path) -> None:
    """Draw the confusion matrix, with the counts in its cells."""
    counts = confusion_matrix(predictions.label, predictions.predicted, labels=range(10))
    figure = Figure(figsize=(6.5, 6.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    highest = max(counts.max(), 2)
    axes.imshow(np.where(counts, counts, np.nan), cmap="Blues", norm=LogNorm(0.7, highest))
    for label, predicted in np.argwhere(counts):
        count = counts[label, predicted]
        colour = "white" if count**2 > highest else "black"
        axes.text(predicted, label, f"{count}", ha="center", va="center", color=colour)
    errors = len(predictions) - np.trace(counts)
    axes.set(xticks=range(10), yticks=range(10), xlabel="predicted", ylabel="label")
    axes.set_title(f"{errors:,} of {len(predictions):,} images misclassified", fontsize=11, pad=12)
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    charts.save(figure, path)


@charts.default_style
def draw_mistakes(predictions: pd.DataFrame, images: NDArray[np.uint8], path: str | Path) -> None:
    """Draw the misclassified images, most confident first, each with its label, predicted digit and confidence.

    Without a misclassified image, draw the ten least confident predictions.

    Args:
        images: (N, 28, 28), all labelled images, in the order of data/raw/train.csv.
    """
    shown = select_misclassified(predictions)
    title = f"{len(shown):,} of {len(predictions):,} images misclassified, most confident first"
    if len(shown) > MAX_SHOWN:
        shown, title = shown.head(MAX_SHOWN), f"{title} (first {MAX_SHOWN})"
    elif shown.empty:
        shown = select_least_confident(predictions, COLUMNS)
        title = f"None of {len(predictions):,} images misclassified; the least confident predictions"
    captions = [f"{each.label} predicted as {each.predicted}\n{each.confidence:.1%}" for each in shown.itertuples()]
    _draw_sheet(images[shown.row - 1], captions, title, path)


@charts.default_style
def draw_reliability(reliability: pd.DataFrame, path: str | Path) -> None:
    """Draw accuracy against confidence, and the images of each bin; the table is that of metrics.reliability."""
    figure = Figure(figsize=(4.6, 4.4), dpi=160, layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], color="gray", linestyle=":", label="perfect calibration")
    below, above = reliability.accuracy - reliability.low, reliability.high - reliability.accuracy
    intervals = np.maximum([below, above], 0)  # Matplotlib refuses a rounding error below 0
    upper.errorbar(
        reliability.confidence, reliability.accuracy, intervals, fmt="o", capsize=3, label="measured, 95% interval"
    )
    upper.set(xlim=(0, 1.02), ylim=(-0.02, 1.04), ylabel="accuracy")
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    lower.bar(reliability.confidence, reliability.images, width=0.8 / BINS)
    lower.set(yscale="log", ylim=(0.7, 2 * reliability.images.max()), xlabel="confidence", ylabel="images")
    for axes in (upper, lower):
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    lower.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    charts.save(figure, path)


def _draw_sheet(images: NDArray[np.uint8], captions: list[str], title: str, path: str | Path) -> None:
    columns = min(len(images), COLUMNS)
    rows = -(-len(images) // columns)
    width, height = 36, 44  # of a cell in pixels: the image, a margin, and two lines of text
    sheet = np.full((rows * height, columns * width), 255, np.uint8)
    figure = Figure(figsize=(columns * 0.95, rows * 1.16), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
        top, left = (place // columns) * height, (place % columns) * width + 4
        sheet[top : top + 28, left : left + 28] = 255 - image
        axes.text(left + 13.5, top + 29, caption, ha="center", va="top", fontsize=7)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11, loc="left")
    charts.save(figure, path, crop=True)
