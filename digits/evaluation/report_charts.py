"""The interactive charts of the report, as Plotly figures in plain dictionaries."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from digits.evaluation import training_curves
from digits.evaluation.label_charts import COLOURS, DIGITS

GRID = "rgba(128,128,128,0.3)"
STYLES = {"training": "dot", "validation": "solid"}


def draw_curves(curves: pd.DataFrame) -> dict[str, Any]:
    """Draw the loss and the error rate of all members over the epochs, on logarithmic axes.

    An error rate of 0 is drawn at the lower end. Each member has a colour and an entry in the legend that hides it.

    Args:
        curves: the tables of training_curves.read, one below the other.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.05)
    curves = curves.assign(error_rate=100 * (1 - curves.accuracy))
    positive = curves.error_rate[curves.error_rate > 0]
    lowest = float(positive.min()) / 2 if len(positive) else 0.01
    for place, (member, of_member) in enumerate(curves.groupby("member", sort=False)):
        best = training_curves.find_best_epoch(of_member)
        for images, part in of_member.groupby("images"):
            for row, column, unit in (1, "loss", ""), (2, "error_rate", "%"):
                trace = plotly.graph_objects.Scatter(
                    name=f"member {member}",
                    legendgroup=str(member),
                    line={"color": COLOURS[place % 10], "dash": STYLES[images], "width": 2},
                    x=part.epoch.tolist(),
                    y=part[column].clip(lower=lowest if unit else None).tolist(),
                    customdata=part[column].tolist(),
                    mode="lines+markers" if images == "validation" else "lines",
                    marker={"size": [11 if epoch == best.epoch else 4 for epoch in part.epoch], "line": {"width": 0}},
                    showlegend=images == "validation" and row == 1,
                    hovertemplate=f"%{{customdata:.4~g}}{unit} {images}<extra>member {member}</extra>",
                )
                figure.add_trace(trace, row=row, col=1)
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_xaxes(title="epoch", dtick=max(1, int(curves.epoch.max()) // 8), row=2)
    figure.update_yaxes(gridcolor=GRID, type="log")
    figure.update_yaxes(title="loss", row=1)
    figure.update_yaxes(title="error rate", ticksuffix="%", row=2)
    return _finish(figure, hovermode="x unified", height=480)


def draw_distributions(labels: NDArray[np.integer], predicted: NDArray[np.integer]) -> dict[str, Any]:
    """Draw how often each digit is a label, and how often it is predicted.

    Args:
        labels: (10,), labelled images of each digit.
        predicted: (10,), unlabelled images predicted as each digit.
    """
    figure = plotly.graph_objects.Figure()
    for name, counts, colour in ("labels", labels, COLOURS[0]), ("predicted, unlabelled images", predicted, COLOURS[1]):
        figure.add_bar(
            name=name,
            x=(100 * counts / counts.sum()).round(4).tolist(),
            y=DIGITS,
            orientation="h",
            marker={"color": colour, "line": {"width": 0}},
            customdata=counts.tolist(),
            hovertemplate="%{x:.2f}%, %{customdata:,} images<extra></extra>",
        )
    figure.update_xaxes(title="fraction of the images", ticksuffix="%", gridcolor=GRID, zeroline=False)
    figure.update_yaxes(title="digit", type="category", autorange="reversed")
    return _finish(figure, hovermode="closest", height=360)


def _finish(figure: plotly.graph_objects.Figure, **layout: Any) -> dict[str, Any]:
    figure.update_layout(
        template=None,
        margin={"l": 60, "r": 10, "t": 10, "b": 45},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"bgcolor": "#1c1e22", "font": {"color": "white"}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        dragmode=False,  # on a touch screen, swiping over the chart must scroll the page
        **layout,
    )
    return figure.to_plotly_json()
