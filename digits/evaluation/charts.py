"""Draw labels, predictions and trainings: as PNG with Matplotlib, and the labels as an interactive page with Plotly.

Equal values give equal bytes. Functions that draw are decorated with `default_style`. Predictions are tables as
digits.evaluation.predictions describes them, counts (10,) are the numbers of images of the classes 0 to 9.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.style
import numpy as np
import pandas as pd
import plotly.graph_objects
from matplotlib import color_sequences
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter
from numpy.typing import NDArray

from digits import files
from digits.evaluation.predictions import select_least_confident, select_misclassified

DIGITS = [str(digit) for digit in range(10)]
COLOURS = color_sequences["petroff10"]  # told apart by colour-blind people: Petroff, arXiv:2107.02270
BLUE = to_hex(COLOURS[0])  # of a tuple of numbers, Plotly would make a colour for each bar
MARKERS, MAX_MISTAKES, COLUMNS = "osD^vP*X<>", 100, 10
FOLLOW_COLOR_SCHEME = """
document.documentElement.style.colorScheme = "light dark"
const dark = matchMedia("(prefers-color-scheme: dark)")
const setTextColor = () => Plotly.relayout("{plot_id}", { "font.color": dark.matches ? "#eceef1" : "#1c1e22" })
dark.onchange = setTextColor
setTextColor()
"""

default_style = matplotlib.style.context("default", after_reset=True)  # no matplotlibrc changes the images


def save(figure: Figure, path: str | Path, crop: bool = False) -> None:
    """Write a figure as PNG, cropped to its content on request."""
    with files.atomic_write(path) as partial:
        figure.savefig(partial, format="png", bbox_inches="tight" if crop else None)


def _begin(height: float = 3.6) -> Figure:
    return Figure(figsize=(4.6, height), dpi=160, layout="constrained")


@default_style
def draw_bars(counts: NDArray[np.integer], path: str | Path, class_names: Sequence[str] = DIGITS) -> None:
    """Draw the counts as horizontal bars."""
    figure = _begin()
    axes = figure.subplots()
    texts = [f"{count:,} ({count / sum(counts):.1%})" for count in counts]
    axes.bar_label(axes.barh(class_names, counts, color=BLUE), texts, padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.3)
    axes.set(title=f"Labels of {sum(counts):,} images", xlabel="images", ylabel="label")
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


@default_style
def draw_pie(counts: NDArray[np.integer], path: str | Path, class_names: Sequence[str] = DIGITS) -> None:
    """Draw the counts as a pie."""
    figure = _begin()
    axes = figure.subplots()
    wedges, *_ = axes.pie(
        counts,
        labels=class_names,
        colors=["#a8c5ea"],
        autopct="%.1f%%",
        pctdistance=0.8,
        counterclock=False,
        startangle=90,
    )
    for wedge in wedges:
        wedge.set(edgecolor="white", linewidth=1.5)
    axes.set_title(f"Labels of {sum(counts):,} images")
    save(figure, path)


def build_interactive(counts: NDArray[np.integer], class_names: Sequence[str] = DIGITS) -> plotly.graph_objects.Figure:
    """Build a figure of horizontal bars that show count and fraction on hover."""
    bars = plotly.graph_objects.Bar(
        x=[int(count) for count in counts],
        y=class_names,
        orientation="h",
        marker={"color": BLUE, "line": {"width": 0}},
        customdata=[count / sum(counts) for count in counts],
        hovertemplate="%{y}: %{x:,} images, %{customdata:.2%}<extra></extra>",
    )
    figure = plotly.graph_objects.Figure(bars)
    figure.update_layout(
        title=f"Labels of {sum(counts):,} images",
        margin={"l": 50, "r": 20, "t": 60, "b": 50},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"bgcolor": "#1c1e22", "font": {"color": "white"}},
        dragmode=False,  # on a touch screen, swiping over the chart must scroll the page
    )
    figure.update_xaxes(title="images", gridcolor="rgba(128,128,128,0.3)", zeroline=False)
    figure.update_yaxes(title="label", type="category", autorange="reversed")
    return figure


def write_interactive(counts: NDArray[np.integer], path: str | Path, class_names: Sequence[str] = DIGITS) -> None:
    """Write the figure of `build_interactive` as a page that loads nothing from the network."""
    config = {"responsive": True, "displayModeBar": False}
    with files.atomic_write(path) as partial:
        build_interactive(counts, class_names).write_html(
            partial, include_plotlyjs=True, div_id="labels", config=config, post_script=FOLLOW_COLOR_SCHEME
        )


def read_curves(member: int) -> pd.DataFrame:
    """Read a member's curves: columns epoch (from 1), member, images ("training" or "validation"), loss, accuracy."""
    table = pd.read_csv(f"reports/training/member-{member}.csv")
    parts = [
        table[["epoch"]].assign(
            member=member, images=images, loss=table[f"{prefix}loss"], accuracy=table[f"{prefix}accuracy"]
        )
        for prefix, images in (("", "training"), ("val_", "validation"))
    ]
    return pd.concat(parts, ignore_index=True)


@default_style
def draw_curves(curves: pd.DataFrame, path: str | Path) -> None:
    """Draw the loss and the error rate of all members in each epoch; an error rate of 0 is drawn at the lower end.

    Args:
        curves: the tables of read_curves, one below the other.
    """
    figure = _begin(6)
    loss, error_rate = figure.subplots(2, sharex=True)
    rates = 1 - curves.accuracy
    curves = curves.assign(error_rate=rates.clip(lower=rates[rates > 0].min() / 2 if rates.any() else 0.001))
    for place, (member, of_member) in enumerate(curves.groupby("member", sort=False)):
        colour, marker = COLOURS[place % 10], MARKERS[(place + place // 10) % 10]
        for images, part in of_member.groupby("images"):
            solid = {"label": f"member {member}", "marker": marker, "markersize": 5, "markevery": 1 + len(part) // 16}
            style = solid if images == "validation" else {"linestyle": ":"}
            for axes, column in (loss, "loss"), (error_rate, "error_rate"):
                axes.plot(part.epoch, part[column], color=colour, linewidth=1.2, **style)
    loss.set(ylabel="loss")
    error_rate.set(xlabel="epoch", ylabel="error rate", yscale="log")
    error_rate.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    error_rate.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    error_rate.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:.2g}%")
    error_rate.yaxis.set_minor_formatter(NullFormatter())
    for axes in loss, error_rate:
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    handles, names = loss.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3, frameon=False)
    save(figure, path)


@default_style
def draw_mistakes(
    predictions: pd.DataFrame, images: NDArray[np.uint8], path: str | Path, class_names: Sequence[str] = DIGITS
) -> None:
    """Draw the misclassified images, most confident first, each with its label, predicted digit and confidence.

    Without a misclassified image, draw the ten least confident predictions.

    Args:
        images: (N, 28, 28), all labelled images, in the order of data/raw/train.csv.
    """
    shown = select_misclassified(predictions)
    title = f"{len(shown):,} of {len(predictions):,} images misclassified, most confident first"
    if len(shown) > MAX_MISTAKES:
        shown, title = shown.head(MAX_MISTAKES), f"{title} (first {MAX_MISTAKES})"
    elif shown.empty:
        shown = select_least_confident(predictions, COLUMNS)
        title = f"None of {len(predictions):,} images misclassified; the least confident predictions"
    captions = [
        f"{class_names[each.label]} predicted as {class_names[each.predicted]}\n{each.confidence:.1%}"
        for each in shown.itertuples()
    ]
    columns = min(len(shown), COLUMNS)
    rows = -(-len(shown) // columns)
    width, height = 36, 44  # of a cell in pixels: the image, a margin, and two lines of text
    sheet = np.full((rows * height, columns * width), 255, np.uint8)
    figure = Figure(figsize=(columns * 0.95, rows * 1.16), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    for place, (image, caption) in enumerate(zip(images[shown.row - 1], captions, strict=True)):
        top, left = (place // columns) * height, (place % columns) * width + 4
        sheet[top : top + 28, left : left + 28] = 255 - image
        axes.text(left + 13.5, top + 29, caption, ha="center", va="top", fontsize=7)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11, loc="left")
    save(figure, path, crop=True)


@default_style
def draw_reliability(reliability: pd.DataFrame, path: str | Path) -> None:
    """Draw accuracy against confidence; the table is that of metrics.reliability."""
    figure = _begin(4.4)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="gray", linestyle=":", label="perfect calibration")
    below, above = reliability.accuracy - reliability.low, reliability.high - reliability.accuracy
    intervals = np.maximum([below, above], 0)  # Matplotlib refuses a rounding error below 0
    axes.errorbar(
        reliability.confidence, reliability.accuracy, intervals, fmt="o", capsize=3, label="measured, 95% interval"
    )
    axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.04), xlabel="confidence", ylabel="accuracy")
    for axis in axes.xaxis, axes.yaxis:
        axis.set_major_formatter(PercentFormatter(1))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    save(figure, path)
