"""Write the results as one self-contained page, reports/index.html, from the template report.html."""

import base64
import importlib.metadata
import io
import json
import math
import platform
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
import pandas as pd
from cleanlab.count import num_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import confusion_matrix

from digits import arrays, files
from digits.evaluation import headlines, metrics
from digits.evaluation.predictions import (
    OUT_OF_FOLD,
    PROBABILITIES,
    SPLITS,
    select_least_confident,
    select_misclassified,
)
from digits.model import augmentation
from digits.settings import Settings

TEMPLATE, STYLE = Path(__file__).with_name("report.html"), Path(__file__).with_name("report.css")
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
MAX_MISCLASSIFIED, MAX_LABEL_ISSUES, MAX_LEAST_CONFIDENT, MAX_CONFUSIONS, MAX_PER_CELL = 120, 48, 6, 5, 8
EXAMPLES = 16  # images of each digit
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
    settings: Settings,
    labelled: arrays.Labelled,
    predictions: pd.DataFrame,
    unlabelled: NDArray[np.integer],
    results: dict[str, Any],
    details: dict[str, Any],
) -> None:
    """Write the page from the arguments, reports/training/ and the charts in reports/plots/.

    It has neither the commit nor durations, so that equal results give equal bytes.

    Args:
        settings: those of params.yaml.
        labelled: all labelled images.
        predictions: a table as digits.evaluation.predictions describes it.
        unlabelled: (M,), the predicted digits of the unlabelled images.
        results, details: what metrics.compute returns.
    """
    splits = {split: part for split in SPLITS if len(part := predictions[predictions.split == split])}
    confusions = {split: make_confusion(part, labelled.images) for split, part in splits.items()}
    misclassified = select_misclassified(predictions)
    ranked, mislabelled = rank_by_label_quality(splits[OUT_OF_FOLD])
    label_counts, predicted_counts = (np.bincount(digits, minlength=10) for digits in (labelled.labels, unlabelled))

    def cards(table: pd.DataFrame, count: int) -> list[dict[str, Any]]:
        return make_cards(table.head(count), labelled.images)

    page = render(
        TEMPLATE,
        settings.class_names,
        long_names=max(map(len, settings.class_names)) > 2,
        source=settings.source,
        settings=flatten(settings.model_dump()),
        defaults=flatten(Settings().model_dump()),
        results=results,
        details=details,
        headlines=list(headlines.describe(results, details)),
        splits={split: len(part) for split, part in splits.items()},
        label_counts=label_counts.tolist(),
        predicted_counts=predicted_counts.tolist(),
        confusions=confusions,
        frequent={split: list_confusions(cells, MAX_CONFUSIONS) for split, cells in confusions.items()},
        per_digit={split: list(metrics.per_digit(part).itertuples()) for split, part in splits.items()},
        misclassified=len(misclassified),
        misclassified_cards=cards(misclassified, MAX_MISCLASSIFIED),
        least_confident_cards=cards(select_least_confident(predictions, MAX_LEAST_CONFIDENT), MAX_LEAST_CONFIDENT),
        mislabelled=mislabelled,
        label_issue_cards=cards(ranked, min(mislabelled, MAX_LABEL_ISSUES)),
        reliability=list(metrics.reliability(next(iter(splits.values()))).itertuples()),
        trainings=[read_training(member, labelled.fold) for member in settings.members],
        installed={"digit-recognizer": read_version(), "python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        charts={name: _data_url(Path(f"reports/plots/{name}.png").read_bytes()) for name in ("curves", "reliability")},
        examples=encode(make_sheet(labelled)),
        augmented=encode(make_augmented_sheet(labelled, settings)),
    )
    with files.atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def render(template: Path, class_names: Sequence[str], **context: Any) -> str:
    """Fill in a template, with the style of the report; its filter `name` writes a digit as the name of its class.

    Raises:
        jinja2.UndefinedError: the context lacks something that the template shows.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["name"] = class_names.__getitem__
    text = template.read_text(encoding="utf-8")
    return environment.from_string(text).render(style=STYLE.read_text(encoding="utf-8"), **context)


def flatten(settings: dict[str, Any]) -> dict[str, str]:
    """Write settings in sections as {section.name: value}, so that equal values have equal texts: 10 and 10.0."""
    (flat,) = pd.json_normalize(settings, sep=".").to_dict("records")
    return {str(name): f"{value:g}" if isinstance(value, float) else str(value) for name, value in flat.items()}


def read_version() -> str:
    """Read the version of this project."""
    return tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]


def read_training(member: int, fold: NDArray[np.int8]) -> dict[str, Any]:
    """Read what a training ran on and its temperature, and count its images and epochs; fold (N,) of the images."""
    path = Path(f"reports/training/member-{member}.json")
    training = json.loads(path.read_text(encoding="utf-8"))
    return training | {
        "member": member,
        "images": int(((fold != member) & (fold != arrays.HELD_OUT)).sum()),
        "validation_images": int((fold == member).sum()),
        "epochs": len(pd.read_csv(path.with_suffix(".csv"))),
        "environment": ", ".join(f"{name} {value}" for name, value in training.items() if name != "temperature"),
    }


def rank_by_label_quality(predictions: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Sort out-of-fold predictions, most questionable labels first, and count the labels that are probably wrong.

    Source: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021).
    """
    labels, probabilities = predictions.label.to_numpy(), predictions[PROBABILITIES].to_numpy()
    quality = get_label_quality_scores(labels, probabilities)
    return predictions.iloc[np.argsort(quality, kind="stable")], int(num_label_issues(labels, probabilities))


def make_confusion(predictions: pd.DataFrame, images: NDArray[np.uint8]) -> list[list[Cell]]:
    """Make the confusion matrix, labels in rows.

    The cells on the diagonal show their least confident images, the others their most confident ones.

    Args:
        predictions: a table as digits.evaluation.predictions describes it.
        images: (N, 28, 28), all labelled images.
    """
    counts = confusion_matrix(predictions.label, predictions.predicted, labels=range(10))
    correct = predictions.predicted == predictions.label
    order = predictions.confidence.where(correct, -predictions.confidence).argsort(kind="stable")
    groups = predictions.iloc[order].groupby(["label", "predicted"])
    cards = {place: make_cards(group.head(MAX_PER_CELL), images) for place, group in groups}

    def make_cell(label: int, predicted: int) -> Cell:
        intensity = math.log1p(counts[label, predicted]) / math.log1p(counts.max())
        return Cell(label, predicted, int(counts[label, predicted]), intensity, cards.get((label, predicted), []))

    return [[make_cell(label, predicted) for predicted in range(10)] for label in range(10)]


def list_confusions(confusion: list[list[Cell]], count: int) -> list[Cell]:
    """List the `count` cells with the most misclassified images, most images first."""
    cells = [cell for row in confusion for cell in row if cell.images and cell.label != cell.predicted]
    return sorted(cells, key=lambda cell: -cell.images)[:count]


def make_cards(predictions: pd.DataFrame, images: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Make what a template shows of each image: its row of the table, its probabilities if there, and its PNG."""
    return [
        {**row, "probabilities": [row.get(name) for name in PROBABILITIES], "png": encode(images[row["row"] - 1])}
        for row in predictions.to_dict("records")
    ]


def make_sheet(labelled: arrays.Labelled) -> NDArray[np.uint8]:
    """Put the first images of each digit side by side, a row of 28 pixels per digit: (280, 448)."""
    sheet = np.zeros((10, 28, EXAMPLES, 28), np.uint8)
    for digit in range(10):
        chosen = labelled.images[np.flatnonzero(labelled.labels == digit)[:EXAMPLES]]
        sheet[digit, :, : len(chosen)] = chosen.swapaxes(0, 1)
    return sheet.reshape(280, -1)


def make_augmented_sheet(labelled: arrays.Labelled, settings: Settings) -> NDArray[np.uint8]:
    """Put the first image of each digit, and augmented copies of it, side by side, as make_sheet does."""
    _, first = np.unique(labelled.labels, return_index=True)
    copies = labelled.images[first].repeat(EXAMPLES, axis=0)
    rng = np.random.default_rng(settings.seed)
    points = augmentation.sample_affine(rng, len(copies), **settings.augment.model_dump())
    augmented = augmentation.resample(copies, points).astype(np.uint8)
    augmented[::EXAMPLES] = labelled.images[first]
    return augmented.reshape(-1, EXAMPLES, 28, 28).swapaxes(1, 2).reshape(len(first) * 28, -1)


def encode(image: NDArray[np.uint8]) -> str:
    """Encode white ink on black as the URL of a PNG of black ink on white."""
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, "PNG", optimize=True)
    return _data_url(file.getvalue())


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
