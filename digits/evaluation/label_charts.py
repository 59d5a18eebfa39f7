"""Draw how often each digit occurs: horizontal bars, a pie, and an interactive page."""

from pathlib import Path

import numpy as np
import plotly.graph_objects
from matplotlib import color_sequences
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits import files
from digits.evaluation import charts

COLOURS = [to_hex(colour) for colour in color_sequences["tab10"]]
DIGITS = [str(digit) for digit in range(10)]
FOLLOW_COLOR_SCHEME = """
document.documentElement.style.colorScheme = "light dark"
const dark = matchMedia("(prefers-color-scheme: dark)")
const setTextColor = () => Plotly.relayout("{plot_id}", { "font.color": dark.matches ? "#eceef1" : "#1c1e22" })
dark.onchange = setTextColor
setTextColor()
"""


@charts.default_style
def draw_bars(counts: NDArray[np.integer], path: str | Path) -> None:
    """Draw horizontal bars; counts (10,) of the digits 0-9."""
    figure = Figure(figsize=(4.6, 3.6), dpi=160, layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(DIGITS, counts, color=COLOURS)
    axes.bar_label(bars, [f"{count:,} ({count / sum(counts):.1%})" for count in counts], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.3)
    axes.set(title=f"Labels of {sum(counts):,} images", xlabel="images", ylabel="digit")
    axes.spines[["top", "right"]].set_visible(False)
    charts.save(figure, path)


@charts.default_style
def draw_pie(counts: NDArray[np.integer], path: str | Path) -> None:
    """Draw a pie; counts (10,) of the digits 0-9."""
    figure = Figure(figsize=(4.6, 3.6), dpi=160, layout="constrained")
    axes = figure.subplots()
    axes.pie(
        counts, labels=DIGITS, colors=COLOURS, autopct="%.1f%%", pctdistance=0.8, counterclock=False, startangle=90
    )
    axes.set_title(f"Labels of {sum(counts):,} images")
    charts.save(figure, path)


def build_interactive(counts: NDArray[np.integer]) -> plotly.graph_objects.Figure:
    """Build a figure of horizontal bars that show count and fraction on hover; counts (10,) of the digits 0-9."""
    bars = plotly.graph_objects.Bar(
        x=[int(count) for count in counts],
        y=DIGITS,
        orientation="h",
        marker={"color": COLOURS, "line": {"width": 0}},
        customdata=[count / sum(counts) for count in counts],
        hovertemplate="digit %{y}: %{x:,} images, %{customdata:.2%}<extra></extra>",
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
    figure.update_yaxes(title="digit", type="category", autorange="reversed")
    return figure


def write_interactive(counts: NDArray[np.integer], path: str | Path) -> None:
    """Write the figure of `build_interactive` as a page that loads nothing from the network."""
    config = {"responsive": True, "displayModeBar": False}
    with files.atomic_write(path) as partial:
        build_interactive(counts).write_html(
            partial, include_plotlyjs=True, div_id="labels", config=config, post_script=FOLLOW_COLOR_SCHEME
        )
