"""Compare the results in the working folder with those of another run: `make compare`, `make compare REV=low-lr`.

reports/details.json, metrics.json, plots/predictions.csv of both runs, data/prepared/labelled.npz
→ reports/comparison.html  the settings and metrics that differ, and the images that only one of the two misclassifies

This is not a stage, because it depends on the history: the report of a run has the same bytes wherever it is made.
"""

import argparse
import hashlib
import json
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from dvc.repo import Repo
from dvc.repo.experiments.utils import exp_refs_by_names
from dvc.scm import RevError, resolve_rev

from digits import arrays, errors, files
from digits.errors import InputError
from digits.evaluation import metrics, report
from digits.evaluation.predictions import SPLITS
from digits.settings import Settings

DETAILS, METRICS, PREDICTIONS = "reports/details.json", "reports/metrics.json", "reports/plots/predictions.csv"
PAGE, TEMPLATE, MAX_CARDS = Path("reports/comparison.html"), Path(__file__).with_name("compare.html"), 100
EVALUATE = "python -m stages.evaluate"
REASONS = {
    "images": "not compared: the two runs have other images or labels",
    "split": "not compared: the two runs hold out other images, or have other folds (split, seed)",
}
Row = tuple[str, str, str]  # name, value before, value now


class Run(NamedTuple):
    """The results of a run: which one, settings by dotted name, metrics, and the contents of the other two files."""

    title: str
    settings: dict[str, str]
    metrics: dict[str, str]
    details: dict[str, Any]
    predictions: pd.DataFrame


class Difference(NamedTuple):
    """How the predictions of a split differ, in words, and the images that only one of the runs predicts correctly."""

    split: str
    description: list[str]
    corrected: pd.DataFrame
    misclassified: pd.DataFrame


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the results with those of another run.")
    parser.add_argument("revision", nargs="?", help="commit, branch, tag or experiment; default: the previous run")
    revision = parser.parse_args().revision
    now = read_run("the working folder", {path: Path(path) for path in (DETAILS, METRICS, PREDICTIONS)})
    with Repo() as repo:
        before = read_revision(repo, revision) if revision else read_previous(repo)
    settings, changes = list_differences(before.settings, now.settings), compare_metrics(before, now)
    differences = [] if (reason := explain_other_images(before, now)) else compare_predictions(before, now)
    print(f"compared with {before.title}\n")
    for name, then, value in settings + changes:
        print(f"  {name:26}{then:>10}  →  {value}")
    for difference in differences:
        print(f"  {difference.split + ' images':26}" + f"\n{'':28}".join(difference.description))
    if reason:
        print(f"  {'images':26}{reason}")
    images = arrays.load_labelled().images
    page = report.render(
        TEMPLATE,
        Settings.model_validate(now.details["settings"]).class_names,
        title=before.title,
        settings=settings,
        metrics=changes,
        reason=reason,
        differences=differences,
        make_cards=lambda table: report.make_cards(table.head(MAX_CARDS), images),
    )
    with files.atomic_write(PAGE) as partial:
        partial.write_text(page, encoding="utf-8")
    print(f"\n  {'page':26}{PAGE.resolve().as_uri()}")


def read_run(title: str, paths: dict[str, Path]) -> Run:
    """Read the results of a run; raises InputError if a file is missing."""
    try:
        details, values = (json.loads(paths[name].read_text(encoding="utf-8")) for name in (DETAILS, METRICS))
        predictions = pd.read_csv(paths[PREDICTIONS])
    except FileNotFoundError as error:
        raise InputError(f"{error.filename} of {title} is missing; `make` writes it") from None
    if "settings" not in details:
        raise InputError(f"{title} was evaluated by an older version of this project")
    texts = {name: f"{value:.5g}" for name, value in values.items()}
    return Run(title, report.flatten(details["settings"]), texts, details, predictions)


def read_previous(repo: Repo) -> Run:
    """Read the newest evaluation in DVC's run cache that has other results than the present one."""
    present = DETAILS, hashlib.md5(Path(DETAILS).read_bytes()).hexdigest()
    records = Path(repo.stage_cache.cache_dir).glob("*/*/*")
    for path in sorted(records, key=lambda path: path.stat().st_mtime, reverse=True):
        record = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        if record["cmd"] == EVALUATE and present not in [(out["path"], out["md5"]) for out in record["outs"]]:
            with suppress(InputError):
                time = datetime.fromtimestamp(path.stat().st_mtime)
                return read_cached(repo, f"the run of {time:%Y-%m-%d %H:%M}", record)
    raise InputError(
        "DVC's cache has no other run; change a setting and run `make`, or name a commit: make compare REV=…"
    )


def read_revision(repo: Repo, name: str) -> Run:
    """Read the run that the dvc.lock of a commit, branch, tag or experiment records."""
    try:
        commit = resolve_rev(repo.scm, name)
    except RevError:
        experiments = [repo.scm.get_ref(str(ref))[:7] for ref in exp_refs_by_names(repo.scm, {name})[name]]
        if experiments:
            raise InputError(f"several experiments are named {name}; use a hash: {', '.join(experiments)}") from None
        raise InputError(f"{name!r} is not a commit, branch, tag or experiment; see `make experiments`") from None
    lock = yaml.load(_git("show", f"{commit}:./dvc.lock"), yaml.CSafeLoader)
    if not lock or "evaluate" not in lock["stages"]:
        raise InputError(f"dvc.lock of {name} records no results")
    title = _git("log", "-1", f"--format={name}: %h, %cs, %s", commit).partition(", dvc: commit experiment")[0][:100]
    return read_cached(repo, title, lock["stages"]["evaluate"])


def read_cached(repo: Repo, title: str, record: dict[str, Any]) -> Run:
    """Read the results that dvc.lock or the run cache records of an evaluation, from DVC's cache."""
    cached = {out["path"]: Path(repo.cache.local.oid_to_path(out["md5"])) for out in record["outs"]}
    plots = cached["reports/plots"]
    if plots.exists():
        md5 = {each["relpath"]: each["md5"] for each in json.loads(plots.read_bytes())}
        cached[PREDICTIONS] = Path(repo.cache.local.oid_to_path(md5["predictions.csv"]))
    return read_run(title, {PREDICTIONS: plots} | cached)


def list_differences(before: dict[str, str], now: dict[str, str], always: Sequence[str] = ()) -> list[Row]:
    """List (name, value before, value now) of the values that differ or are in `always`, "–" for an absent one."""
    rows = [(name, before.get(name, "–"), now.get(name, "–")) for name in now | before]
    return [row for row in rows if row[1] != row[2] or row[0] in always]


def compare_metrics(before: Run, now: Run) -> list[Row]:
    """List the accuracies and the other metrics that differ, and mark those that were computed from other images."""

    def images(run: Run, split: str) -> tuple[dict[str, str], list[int]]:
        return run.details["data"], run.predictions.row[run.predictions.split == split].tolist()

    same = [split for split in SPLITS if images(before, split) == images(now, split)]
    rows = list_differences(before.metrics, now.metrics, always=("accuracy", "oof_accuracy"))
    marks = ["" if SPLITS[name.startswith("oof_")] in same else "   of other images" for name, *_ in rows]
    return [(name, then, value + mark) for (name, then, value), mark in zip(rows, marks, strict=True)]


def explain_other_images(before: Run, now: Run) -> str:
    """Return why the predictions cannot be compared image by image, or ""."""
    return next((REASONS[what] for what in REASONS if before.details["data"][what] != now.details["data"][what]), "")


def compare_predictions(before: Run, now: Run) -> list[Difference]:
    """Compare what two runs with the same split predict for the images that both predict, most confident first."""
    both = now.predictions.merge(before.predictions[["row", "predicted"]], on="row", suffixes=("", "_before"))
    both = both.sort_values("confidence", ascending=False, kind="stable")
    differences = []
    for split, part in both.groupby("split"):
        correct, was_correct = part.predicted == part.label, part.predicted_before == part.label
        corrected, misclassified = part[correct & ~was_correct], part[~correct & was_correct]
        description = describe(len(part), int(correct.sum()), len(corrected), len(misclassified))
        differences.append(Difference(str(split), description, corrected, misclassified))
    return differences


def describe(images: int, correct: int, corrected: int, misclassified: int) -> list[str]:
    """Describe a difference in lines: the numbers of images, and whether it may be chance."""
    gain = corrected - misclassified
    if not corrected + misclassified:
        return [f"{correct:,} of {images:,} correct, the same ones as before"]
    low, high, p = (100 * value for value in metrics.compare_accuracies(images, corrected, misclassified))
    verdict = "may be chance" if p >= 5 else "now better" if gain > 0 else "now worse"
    counts = f"{corrected} newly correct, {misclassified} newly misclassified"
    return [
        f"{correct:,} of {images:,} correct, {correct - gain:,} before: {counts}",
        f"{100 * gain / images:+.2f} points, 95% interval {low:+.2f} to {high:+.2f}, p = {p / 100:.2g}: {verdict}",
    ]


def _git(*arguments: str) -> str:
    """Return what Git prints, or "" if it fails."""
    return subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8").stdout.strip()


if __name__ == "__main__":
    errors.run(main)
