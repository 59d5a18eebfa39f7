"""Write the results as one self-contained page, reports/index.html, from the template report.html."""

import base64
import gzip
import importlib.metadata
import io
import json
import math
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from ruamel.yaml import YAML
from sklearn.metrics import confusion_matrix

from digits import files
from digits.data.arrays import Labelled
from digits.errors import InputError
from digits.evaluation import label_issues, metrics, summary, training_curves
from digits.evaluation.predictions import HELD_OUT, PROBABILITIES, select_least_confident, select_misclassified

TEMPLATE = Path(__file__).with_name("report.html")
LABELS, PLOTS = Path("reports/labels"), Path("reports/plots")
MAX_PER_CELL, MAX_MISCLASSIFIED, MAX_LABEL_ISSUES = 24, 300, 48
MIN_SHOWN = 6  # images shown even if fewer are misclassified or mislabelled
PACKAGES = "numpy", "pandas", "scipy", "scikit-learn", "cleanlab", "matplotlib", "plotly"


class Cell(NamedTuple):
    """A cell of the confusion matrix; `intensity` in 0-1 grows with the logarithm of the number of images."""

    label: int
    predicted: int
    images: int
    intensity: float
    cards: list[dict[str, Any]]


def write(
    path: str | Path,
    labelled: Labelled,
    predictions: pd.DataFrame,
    reliability: pd.DataFrame,
    results: dict[str, Any],
    details: dict[str, Any],
    members: list[int],
) -> None:
    """Write the page from the arguments, params.yaml, and the charts and training curves in reports/.

    Args:
        labelled: all labelled images.
        predictions: a table as digits.evaluation.predictions describes it.
        reliability: a table of metrics.reliability.
        results, details: what metrics.compute returns.
        members: the numbers of the networks.

    Raises:
        InputError: a member's training curves or versions are missing.
    """
    misclassified = select_misclassified(predictions)
    shown = misclassified.head(MAX_MISCLASSIFIED)
    held_out = predictions.split == HELD_OUT
    ranked, mislabelled = label_issues.rank(predictions[~held_out])
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        members=members,
        images=len(predictions),
        held_out=bool(held_out.any()),
        out_of_fold=len(ranked),
        headlines=list(summary.describe(results, details)),
        confusion=_confusion(predictions, labelled.images),
        misclassified=len(misclassified),
        misclassified_cards=_cards(
            select_least_confident(predictions, MIN_SHOWN) if shown.empty else shown, labelled.images
        ),
        per_digit=list(metrics.per_digit(predictions).itertuples()),
        reliability=list(reliability.itertuples()),
        reliability_png=_png((PLOTS / "reliability.png").read_bytes()),
        training=[_training(member) for member in members],
        mislabelled=mislabelled,
        label_issue_cards=_cards(ranked.head(min(max(mislabelled, MIN_SHOWN), MAX_LABEL_ISSUES)), labelled.images),
        label_counts=np.bincount(labelled.labels, minlength=10).tolist(),
        bars_png=_png((LABELS / "bars.png").read_bytes()),
        pie_png=_png((LABELS / "pie.png").read_bytes()),
        interactive=_base64(gzip.compress((LABELS / "interactive.html").read_bytes(), mtime=0)),
        settings=list(_settings(Path("params.yaml").read_text(encoding="utf-8"))),
        versions=list(_versions(members)),
    )
    with files.atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _confusion(predictions: pd.DataFrame, images: NDArray[np.uint8]) -> list[list[Cell]]:
    """Make the confusion matrix, labels in rows.

    The cells on the diagonal show their least confident images, the others their most confident ones.
    """
    counts = confusion_matrix(predictions.label, predictions.predicted, labels=range(10))
    correct = predictions.predicted == predictions.label
    order = predictions.confidence.where(correct, -predictions.confidence).argsort(kind="stable")
    groups = predictions.iloc[order].groupby(["label", "predicted"])
    cards = {place: _cards(group.head(MAX_PER_CELL), images) for place, group in groups}

    def make_cell(label: int, predicted: int) -> Cell:
        intensity = math.log1p(counts[label, predicted]) / math.log1p(counts.max())
        return Cell(label, predicted, int(counts[label, predicted]), intensity, cards.get((label, predicted), []))

    return [[make_cell(label, predicted) for predicted in range(10)] for label in range(10)]


def _cards(predictions: pd.DataFrame, images: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Make what the template shows of each image: its row of the table, its probabilities and its PNG."""
    probabilities = predictions[PROBABILITIES].to_numpy().tolist()
    return [
        {**record, "probabilities": ten, "png": _digit_png(images[record["row"] - 1])}
        for record, ten in zip(predictions.to_dict("records"), probabilities, strict=True)
    ]


def _digit_png(image: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, "PNG", optimize=True)
    return _png(file.getvalue())


def _png(content: bytes) -> str:
    return "data:image/png;base64," + _base64(content)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _training(member: int) -> dict[str, Any]:
    curves = training_curves.read(member)
    best = training_curves.find_best_epoch(curves)
    return {**best, "epochs": curves.epoch.max(), "png": _png(training_curves.render(curves))}


def _settings(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each setting in the text of params.yaml: (dotted name, value, comment on its line)."""
    lines = text.splitlines()

    def read_section(section: Any, prefix: str) -> Iterator[tuple[str, str, str]]:
        for key, value in section.items():
            line, _ = section.lc.key(key)
            comment = lines[line].partition(" # ")[2].strip()
            if not isinstance(value, dict):
                yield prefix + key, str(value), comment
                continue
            if comment:
                yield prefix + key, "", comment
            yield from read_section(value, f"{prefix}{key}.")

    return read_section(YAML().load(text), "")


def _versions(members: list[int]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what the trainings and this page were computed with: (name, {package: version}).

    Members trained with the same versions share one entry.
    """
    groups: dict[str, list[str]] = {}
    for member in members:
        path = training_curves.FOLDER / f"member-{member}.json"
        if not path.exists():
            raise InputError(f"{path} is missing; run `dvc repro`")
        groups.setdefault(path.read_text(encoding="utf-8"), []).append(str(member))
    for text, group in groups.items():
        yield f"member{'s' if len(group) > 1 else ''} {', '.join(group)}", json.loads(text)
    installed = {name: importlib.metadata.version(name) for name in PACKAGES}
    yield "this page", {"python": platform.python_version()} | installed
