"""Charts of how often each digit occurs: horizontal bars, a pie, and a page to point at."""

import matplotlib
import plotly.graph_objects
from matplotlib.figure import Figure

from digits import files
from digits.evaluation import charts

COLOURS = [matplotlib.colors.to_hex(colour) for colour in matplotlib.colormaps["tab10"].colors]
DIGITS = [str(digit) for digit in range(10)]
LIGHT_OR_DARK = """
document.documentElement.style.colorScheme = "light dark"
const dark = matchMedia("(prefers-color-scheme: dark)")
const paint = () => Plotly.relayout("{plot_id}", { "font.color": dark.matches ? "#eceef1" : "#1c1e22" })
dark.onchange = paint
paint()
"""


def draw_bars(counts, path):
    """Draw horizontal bars; counts (10,) of the digits 0–9."""
    figure = Figure(figsize=(4.6, 3.6), dpi=160, layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(DIGITS, counts, color=COLOURS)
    axes.bar_label(bars, [f"{count:,} ({count / sum(counts):.1%})" for count in counts], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.3)
    axes.set(title=f"Labels of {sum(counts):,} images", xlabel="images", ylabel="digit")
    axes.spines[["top", "right"]].set_visible(False)
    charts.save(figure, path)


def draw_pie(counts, path):
    """Draw a pie; counts (10,) of the digits 0–9."""
    figure = Figure(figsize=(4.6, 3.6), dpi=160, layout="constrained")
    axes = figure.subplots()
    axes.pie(
        counts, labels=DIGITS, colors=COLOURS, autopct="%.1f%%", pctdistance=0.8, counterclock=False, startangle=90
    )
    axes.set_title(f"Labels of {sum(counts):,} images")
    charts.save(figure, path)


def interactive(counts):
    """Make a Plotly figure of horizontal bars, whose tips tell count and share; counts (10,) of the digits 0–9."""
    shares = [count / sum(counts) for count in counts]
    bars = plotly.graph_objects.Bar(
        x=[int(count) for count in counts],
        y=DIGITS,
        orientation="h",
        marker={"color": COLOURS, "line": {"width": 0}},
        customdata=shares,
        hovertemplate="digit %{y}: %{x:,} images, %{customdata:.2%}<extra></extra>",
    )
    figure = plotly.graph_objects.Figure(bars)
    figure.update_layout(
        title=f"Labels of {sum(counts):,} images",
        margin={"l": 50, "r": 20, "t": 60, "b": 50},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"bgcolor": "#1c1e22", "font": {"color": "white"}},
        dragmode=False,  # a finger that scrolls the page past the chart must not be held by it
    )
    figure.update_xaxes(title="images", gridcolor="rgba(128,128,128,0.3)", zeroline=False)
    figure.update_yaxes(title="digit", type="category", autorange="reversed")
    return figure


def write_interactive(counts, path):
    """Write that figure as a page that needs no network."""
    looks = {"responsive": True, "displayModeBar": False}
    with files.atomic_write(path) as partial:
        interactive(counts).write_html(
            partial, include_plotlyjs=True, div_id="labels", config=looks, post_script=LIGHT_OR_DARK
        )
