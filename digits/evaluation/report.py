"""The page that shows a measurement: reports/index.html, one file with everything in it, filled from report.html."""

import base64
import gzip
import importlib.metadata
import io
import json
import math
import platform
from pathlib import Path
from typing import NamedTuple

import jinja2
import yaml
from PIL import Image
from sklearn.metrics import confusion_matrix

from digits import files
from digits.errors import InputError
from digits.evaluation import figures, label_issues, scores, training_curves

TEMPLATE = Path(__file__).with_name("report.html")
LABELS, PLOTS = Path("reports/labels"), Path("reports/plots")
MAX_IN_CELL, MAX_MISTAKES, MAX_DOUBTS = 24, 300, 48
FILLED_UP_TO = 6  # images that are shown where there are fewer mistakes or doubts
MEASURED_WITH = "numpy", "scipy", "scikit-learn", "cleanlab", "matplotlib", "plotly"


class Card(NamedTuple):
    """An image and what was said of it."""

    row: int
    label: int
    predicted: int
    confidence: float
    probabilities: list
    png: str

    @property
    def said(self):
        return ", ".join(f"{digit}: {probability:.1%}" for digit, probability in enumerate(self.probabilities))


class Cell(NamedTuple):
    """One cell of the confusion matrix; `heat` in 0–1 grows with the logarithm of the count."""

    label: int
    predicted: int
    count: int
    heat: float
    cards: list


def write(path, metrics, details, judged, reliability, label_counts, members):
    """Write the page, from the arguments, params.yaml, and the pictures and curves in reports/.

    Args:
        metrics, details: what reports/metrics.json and reports/details.json hold.
        judged: Predictions, all that could be.
        reliability: rows of scores.reliability.
        label_counts: (10,), of all labelled images.
        members: the numbers of the networks.

    Raises:
        InputError: a member's curves or versions are missing.
    """
    mistakes, out_of_fold = judged.mistakes(), judged.where(~judged.held_out)
    doubted, suspected = label_issues.ranked(out_of_fold)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        members=members,
        judged=len(judged),
        held_out=bool(judged.held_out.any()),
        out_of_fold=len(out_of_fold),
        figures=list(figures.in_words(metrics, details)),
        confusion=_confusion(judged),
        mistakes_made=len(mistakes),
        mistakes=_cards(mistakes.where(slice(MAX_MISTAKES)) if len(mistakes) else judged.least_confident(FILLED_UP_TO)),
        per_digit=scores.per_digit(judged.labels, judged.predicted),
        reliability=reliability,
        reliability_png=_png((PLOTS / "reliability.png").read_bytes()),
        training=[_training(member) for member in members],
        suspected=suspected,
        doubts=_cards(doubted.where(slice(min(max(suspected, FILLED_UP_TO), MAX_DOUBTS)))),
        label_counts=[int(count) for count in label_counts],
        bars_png=_png((LABELS / "bars.png").read_bytes()),
        pie_png=_png((LABELS / "pie.png").read_bytes()),
        interactive=_base64(gzip.compress((LABELS / "interactive.html").read_bytes(), mtime=0)),
        settings=list(_settings(Path("params.yaml").read_text(encoding="utf-8"))),
        made_by=_made_by(members),
    )
    with files.atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _confusion(judged):
    """The confusion matrix, true digits in rows: each cell with its images, mistakes the surest first, others the least."""
    counts = confusion_matrix(judged.labels, judged.predicted, labels=range(10))
    mistakes, least_confident = judged.mistakes(), judged.least_confident(len(judged))

    def cell(label, predicted):
        ordered = least_confident if label == predicted else mistakes
        behind = ordered.where((ordered.labels == label) & (ordered.predicted == predicted))
        heat = math.log1p(len(behind)) / math.log1p(counts.max())
        return Cell(label, predicted, len(behind), heat, _cards(behind.where(slice(MAX_IN_CELL))))

    return [[cell(label, predicted) for predicted in range(10)] for label in range(10)]


def _cards(judged):
    columns = (
        judged.rows,
        judged.labels,
        judged.predicted,
        judged.confidence,
        judged.probabilities,
        map(_digit_png, judged.images),
    )
    return [
        Card(int(r), int(l), int(p), float(c), s.tolist(), png) for r, l, p, c, s, png in zip(*columns, strict=True)
    ]


def _digit_png(image):
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, "PNG", optimize=True)
    return _png(file.getvalue())


def _png(content):
    return "data:image/png;base64," + _base64(content)


def _base64(content):
    return base64.b64encode(content).decode()


def _training(member):
    curves = training_curves.read(training_curves.FOLDER / f"member-{member}")
    kept = curves.kept
    return (
        member,
        curves.epochs,
        kept + 1,
        curves.loss["validation"][kept],
        curves.accuracy["validation"][kept],
        _png(training_curves.draw(curves)),
    )


def _settings(text):
    """Each setting in the text of params.yaml, with the comment on its line: (dotted name, value or "", comment)."""
    lines = text.splitlines()

    def under(node, values, prefix):
        for key, inner in node.value:
            name, value = prefix + key.value, values[key.value]
            section = isinstance(value, dict)
            comment = lines[key.start_mark.line].partition(" # ")[2].strip()
            if not section or comment:
                yield name, "" if section else str(value), comment
            if section:
                yield from under(inner, value, name + ".")

    return under(yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text), "")


def _made_by(members):
    """Who made it with what: rows of a text and {name: version}, members of the same versions in one row."""
    groups = {}
    for member in members:
        path = training_curves.FOLDER / f"member-{member}.json"
        if not path.exists():
            raise InputError(f"{path} is missing; `dvc repro` makes it")
        groups.setdefault(path.read_text(encoding="utf-8"), []).append(str(member))
    for text, together in groups.items():
        yield f"member{'s' if len(together) > 1 else ''} {', '.join(together)}", json.loads(text)
    yield (
        "this page",
        {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in MEASURED_WITH},
    )
