"""Write the results as one self-contained page, reports/index.html, from the template report.html."""

import base64
import gzip
import hashlib
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits import files
from digits.arrays import Labelled
from digits.evaluation import (
    label_issues,
    metrics,
    report_charts,
    report_images,
    report_settings,
    summary,
    training_curves,
)
from digits.evaluation.predictions import OUT_OF_FOLD, SPLITS, select_least_confident, select_misclassified

TEMPLATE, STYLE = Path(__file__).with_name("report.html"), Path(__file__).with_name("report.css")
# Plotly without 3D and maps, a third of the size: `npm pack plotly.js-basic-dist-min`, in the version of plotly.py
PLOTLY = Path(__file__).with_name("plotly-basic.min.js")
BARS, RELIABILITY = Path("reports/labels/bars.png"), Path("reports/plots/reliability.png")
TRIALS, TRIALS_CHART = Path("reports/search/trials.csv"), Path("reports/search/trials.png")
PREDICTIONS = Path("data/predictions/labelled.npz")
MAX_MISCLASSIFIED, MAX_LABEL_ISSUES, MAX_CONFUSIONS, MAX_TRIALS = 300, 48, 5, 10
LEAST_CONFIDENT = 6  # shown if no image is misclassified


def write(
    path: str | Path,
    labelled: Labelled,
    predictions: pd.DataFrame,
    unlabelled: NDArray[np.integer],
    results: dict[str, Any],
    details: dict[str, Any],
    members: list[int],
) -> None:
    """Write the page from the arguments, params.yaml, and the charts and training curves in reports/.

    It has neither the commit nor durations, so that equal results give equal bytes.

    Args:
        labelled: all labelled images.
        predictions: a table as digits.evaluation.predictions describes it.
        unlabelled: (M,), the predicted digits of the unlabelled images.
        results, details: what metrics.compute returns.
        members: the numbers of the networks.

    Raises:
        InputError: a member's training curves or environment are missing.
    """
    settings = report_settings.read_settings("params.yaml")
    values = {setting.name: setting.value for setting in settings}
    splits = {split: part for split in SPLITS if len(part := predictions[predictions.split == split])}
    confusions = {split: report_images.make_confusion(part, labelled.images) for split, part in splits.items()}
    with PREDICTIONS.open("rb") as file:
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    misclassified = select_misclassified(predictions)
    shown = misclassified.head(MAX_MISCLASSIFIED)
    if shown.empty:
        shown = select_least_confident(predictions, LEAST_CONFIDENT)
    ranked, mislabelled = label_issues.rank(splits[OUT_OF_FOLD])
    curves = [training_curves.read(member) for member in members]
    label_counts, predicted_counts = (np.bincount(digits, minlength=10) for digits in (labelled.labels, unlabelled))
    page = render(
        TEMPLATE,
        plotly=base64.b64encode(gzip.compress(PLOTLY.read_bytes(), mtime=0)).decode(),
        values=values,
        settings=settings,
        members=members,
        environments=report_settings.read_environments(members),
        installed=report_settings.installed_versions(),
        trainings=[
            report_settings.describe_training(member, table, labelled)
            for member, table in zip(members, curves, strict=True)
        ],
        predictions_md5=md5,
        headlines=list(summary.describe(results, details)),
        splits={split: len(part) for split, part in splits.items()},
        confusions=confusions,
        frequent={split: report_images.list_confusions(cells, MAX_CONFUSIONS) for split, cells in confusions.items()},
        per_digit={split: list(metrics.per_digit(part).itertuples()) for split, part in splits.items()},
        misclassified=len(misclassified),
        misclassified_cards=report_images.make_cards(shown, labelled.images),
        mislabelled=mislabelled,
        label_issue_cards=report_images.make_cards(ranked.head(min(mislabelled, MAX_LABEL_ISSUES)), labelled.images),
        reliability=list(metrics.reliability(next(iter(splits.values()))).itertuples()),
        reliability_png=report_images.as_data_url(RELIABILITY.read_bytes()),
        curves=report_charts.draw_curves(pd.concat(curves)),
        label_counts=label_counts.tolist(),
        predicted_counts=predicted_counts.tolist(),
        distributions=report_charts.draw_distributions(label_counts, predicted_counts),
        bars_png=report_images.as_data_url(BARS.read_bytes()),
        **_read_search(),
    )
    with files.atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _read_search() -> dict[str, Any]:
    """Read the best trials of the last `make search`, which writes the chart last; None if there was none."""
    if not TRIALS_CHART.exists():
        return {"trials": None}
    trials = pd.read_csv(TRIALS)
    return {
        "trials": trials.head(MAX_TRIALS),
        "number_of_trials": len(trials),
        "trials_png": report_images.as_data_url(TRIALS_CHART.read_bytes()),
    }


def render(template: Path, **context: Any) -> str:
    """Fill in a template, with the style of the report; raises jinja2.UndefinedError if a name is missing."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = template.read_text(encoding="utf-8")
    return environment.from_string(text).render(style=STYLE.read_text(encoding="utf-8"), **context)
