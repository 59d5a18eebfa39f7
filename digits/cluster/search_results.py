"""The results of a search: reports/search/trials.csv and trials.png, and what `make search` prints at the end.

A trial is a dictionary of

number    from 1, in the order in which the trials began
settings  {dotted name: value} of the searched settings
reports   a list of {folds, images, log_loss, accuracy, seconds}, one after each fold, of all folds so far; the last one
          of a failed trial has folds and an infinite log_loss alone
status    "complete" with all folds, "stopped" before the last one, or "failed"
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from digits import files
from digits.cluster.search_space import Number, Search
from digits.evaluation import charts

FOLDER = Path("reports/search")
COMPLETE, STOPPED, FAILED = STATUSES = "complete", "stopped", "failed"
METRICS = ["folds", "images", "log_loss", "accuracy", "standard_error", "seconds"]
EXPERIMENT = "best-of-search"
PANELS = 4  # of the chart in a row
PRINTED = 3  # best trials


def report(trials: list[dict[str, Any]], search: Search, default: dict[str, Number]) -> None:
    """Write the table and the chart, and print the best trials and the command that trains the best one.

    Args:
        trials: all of them finished, at least one.
        search: the search that they belong to.
        default: the searched settings as params.yaml has them.
    """
    table = tabulate(trials)
    with files.atomic_write(FOLDER / "trials.csv") as partial:
        table.to_csv(partial, index=False)
    draw(table, default, search, FOLDER / "trials.png")
    print(describe(table, default), flush=True)


def standard_error(accuracy: float, images: int) -> float:
    """Compute the standard error of the accuracy on independent images."""
    return math.sqrt(accuracy * (1 - accuracy) / images)


def tabulate(trials: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of one row a trial: the complete ones by their log loss, then the stopped, then the failed ones.

    Returns:
        columns trial, the searched settings, folds, images, log_loss (nats), accuracy, standard_error (of the
        accuracy), seconds, status. A failed trial has the fold that failed, and no metrics.
    """
    rows = [
        {"trial": trial["number"], **trial["settings"], **trial["reports"][-1], "status": trial["status"]}
        for trial in trials
    ]
    columns = ["trial", *trials[0]["settings"], *METRICS, "status"]
    table = pd.DataFrame(rows, columns=columns).astype({"images": "Int64"})
    variance = table.accuracy * (1 - table.accuracy) / table.images.astype(float)
    table["standard_error"] = np.sqrt(variance)
    order = table.status.map(STATUSES.index)
    return table.assign(order=order).sort_values(["order", "log_loss", "trial"], ignore_index=True)[columns]


@charts.default_style
def draw(table: pd.DataFrame, default: dict[str, Number], search: Search, path: str | Path) -> None:
    """Draw the log loss of the trials against each searched setting, one panel each; failed trials are left out.

    Args:
        table: that of `tabulate`.
        default: the values of params.yaml.
        search: its space says which axes are logarithmic.
        path: of the PNG.
    """
    rows = -(-len(search.space) // PANELS)
    columns = min(PANELS, len(search.space))
    figure = Figure(figsize=(max(2.6 * columns, 5.2), 2.3 * rows + 0.9), dpi=110, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    complete, stopped = table[table.status == COMPLETE], table[table.status == STOPPED]
    marks: list[tuple[str, pd.DataFrame, dict[str, Any]]] = [
        ("stopped early", stopped, {"marker": "o", "facecolor": "none", "edgecolor": "tab:gray", "s": 22}),
        ("complete", complete, {"marker": "o", "color": "tab:blue", "s": 22}),
        ("default", complete[_are(complete, default)], {"marker": "s", "color": "tab:orange", "s": 60}),
        ("best", complete.head(1), {"marker": "*", "color": "tab:green", "s": 120}),
    ]
    for axes, (name, dimension) in zip(panels.flat, search.space.items(), strict=False):
        for label, part, style in marks:
            axes.scatter(part[name], part.log_loss, label=label, linewidth=1, **style)
        axes.set_xlabel(name)
        axes.spines[["top", "right"]].set_visible(False)
        [(kind, values)] = dimension.items()
        if kind == "loguniform":
            axes.set_xscale("log")
            _label_logarithmic(axes.xaxis, max(values) / min(values))
        elif kind == "choice":
            axes.set_xticks(values)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=kind == "integer"))
    for axes in panels.flat[len(search.space) :]:
        axes.set_axis_off()
    finite = table[table.status != FAILED].log_loss
    for axes in panels[:, 0]:
        axes.set(ylabel="log loss", yscale="log")
        _label_logarithmic(axes.yaxis, finite.max() / finite.min())
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    charts.save(figure, path)


def _label_logarithmic(axis: Any, ratio: float) -> None:
    """Label an axis whose highest value is `ratio` times the lowest, also where no power of ten is between them."""
    subs = (1,) if ratio > 200 else (1, 3)
    axis.set_major_locator(LogLocator(subs=subs) if ratio > 10 else MaxNLocator(4))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def describe(table: pd.DataFrame, default: dict[str, Number]) -> str:
    """Describe the default settings and the best trials in a few lines; the arguments are those of `draw`."""
    complete = table[table.status == COMPLETE]
    counts = ", ".join(f"{(table.status == status).sum()} {status}" for status in STATUSES)
    lines = [f"{len(table)} trials: {counts}; all of them in {FOLDER}/trials.csv and trials.png"]
    if complete.empty:
        return f"{lines[0]}\nno trial is complete: lower lr in params.yaml and in search.yaml"
    first = complete[_are(complete, default)]
    shown = pd.concat([first, complete.drop(first.index).head(PRINTED)])
    names = ["default"] * len(first) + [f"trial {number}" for number in shown.trial][len(first) :]
    lines += ["", _line(f"out of fold, {complete.images[0]:,} images", names)]
    formats = {"log_loss": "{:.4f}", "accuracy": "{:.2%}", "standard_error": "{:.2%}", "seconds": "{:.0f}"}
    lines += [_line(name.replace("_", " "), map(text.format, shown[name])) for name, text in formats.items()]
    lines += [_line(name, map("{:g}".format, shown[name])) for name in default]
    best = complete.iloc[0]
    if best.name in first.index:
        return "\n".join([*lines, "", "The default settings, those of params.yaml, are the best."])
    accuracies = [f"{row.accuracy:.2%} ± {row.standard_error:.2%}" for _, row in [(0, best), *first.iterrows()]]
    lines += ["", f"The best is trial {best.trial}, accuracy {', of the default '.join(accuracies)}. To train it:", ""]
    changes = [f"-S {name}={complete[name].tolist()[0]}" for name in default]
    return "\n".join([*lines, " ".join([f"  dvc exp run --temp -n {EXPERIMENT}", *changes])])


def _are(table: pd.DataFrame, settings: dict[str, Number]) -> pd.Series:
    return (table[list(settings)] == pd.Series(settings)).all(axis=1)


def _line(name: str, values: Iterable[str]) -> str:
    return f"  {name:34}" + "".join(f"{value:>12}" for value in values)
