"""What the report shows of single images: their PNGs, and the cells of the confusion matrix with their images."""

import base64
import io
import math
from typing import Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import confusion_matrix

from digits.evaluation.predictions import PROBABILITIES

MAX_PER_CELL = 12


class Cell(NamedTuple):
    """A cell of the confusion matrix; `intensity` in 0-1 grows with the logarithm of the number of images."""

    label: int
    predicted: int
    images: int
    intensity: float
    cards: list[dict[str, Any]]


def make_confusion(predictions: pd.DataFrame, images: NDArray[Any]) -> list[list[Cell]]:
    """Make the confusion matrix, labels in rows.

    The cells on the diagonal show their least confident images, the others their most confident ones.

    Args:
        predictions: a table as digits.evaluation.predictions describes it.
        images: (N, 28, 28) uint8, all labelled images.
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


def make_cards(predictions: pd.DataFrame, images: NDArray[Any]) -> list[dict[str, Any]]:
    """Make what the template shows of each image: its row of the table, its probabilities and its PNG."""
    probabilities = predictions[PROBABILITIES].to_numpy().tolist()
    return [
        {**record, "probabilities": ten, "png": _encode(images[record["row"] - 1])}
        for record, ten in zip(predictions.to_dict("records"), probabilities, strict=True)
    ]


def _encode(image: NDArray[Any]) -> str:
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, "PNG", optimize=True)
    return as_data_url(file.getvalue())


def as_data_url(png: bytes) -> str:
    """Encode the content of a PNG file as a URL that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
