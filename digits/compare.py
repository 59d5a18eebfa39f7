"""Compare the results in the working folder with those of another revision: `make compare REV=low-lr`.

params.yaml, reports/metrics.json, data/prepared/labelled.npz, data/predictions/labelled.npz: here, and of the revision
→ reports/comparison.html  the settings and metrics that differ, and the images that only one of the two misclassifies

This is no stage, because it depends on the history: the report of a run has the same bytes wherever it is made.
"""

import argparse
import json
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import dvc.api
import pandas as pd
import yaml
from scipy.stats import binomtest

from digits import arrays, errors, files
from digits.errors import InputError
from digits.evaluation import report, report_images
from digits.evaluation.predictions import SPLITS, tabulate

LABELLED, PREDICTIONS = "data/prepared/labelled.npz", "data/predictions/labelled.npz"
METRICS, PARAMS = "reports/metrics.json", "params.yaml"
PAGE, TEMPLATE = Path("reports/comparison.html"), Path(__file__).with_name("comparison.html")
MAX_CARDS = 100  # of each kind


class Run(NamedTuple):
    """The results of a run: its settings and metrics by name, its labelled images, and the table of predictions."""

    settings: dict[str, Any]
    metrics: dict[str, float]
    labelled: arrays.Labelled
    predictions: pd.DataFrame


class Difference(NamedTuple):
    """The images of a split of which only one of the two runs predicts the label.

    Attributes:
        split: held-out or out-of-fold.
        images: number of images that both runs predict.
        corrected, misclassified: rows of the present predictions, most confident first.
        p_value: of the exact McNemar test (McNemar, Psychometrika 12, 1947): the probability of such a difference, or
            a larger one, between equally accurate networks.
    """

    split: str
    images: int
    corrected: pd.DataFrame
    misclassified: pd.DataFrame
    p_value: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the results with those of another revision.")
    parser.add_argument("revision", nargs="?", help="commit, branch, tag or experiment; default: the previous run")
    name = parser.parse_args().revision
    now = _read(None)
    if name:
        commit = _resolve(name)
        before = _read(commit)
    else:
        commit, before = _read_previous()
    subject = "experiment %h, %cs" if name in _experiments() else "%h, %cs: %s"
    title = (f"{name}, " if name else "") + _git("log", "-1", f"--format={subject}", commit)
    settings = list_differences(before.settings, now.settings)
    metrics = list_differences(before.metrics, now.metrics)
    differences = compare_predictions(before, now)
    print(f"compared with {title}\n")
    for key, then, value in settings + metrics:
        print(f"  {key:26}{then:>10}  →  {value}")
    if not settings + metrics + differences:
        print("  the settings, the metrics and the correct images are the same")
    for difference in differences:
        print(f"  {difference.split + ' images':26}{describe(difference)}")
    page = report.render(
        TEMPLATE,
        title=title,
        settings=settings,
        metrics=metrics,
        differences=[(difference, describe(difference)) for difference in differences],
        make_cards=lambda table: report_images.make_cards(table.head(MAX_CARDS), now.labelled.images),
    )
    with files.atomic_write(PAGE) as partial:
        partial.write_text(page, encoding="utf-8")
    print(f"\n  {'the images':26}{PAGE}")


def list_differences(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, str, str]]:
    """List (name, value before, value now) of the values that differ, "–" for one that is absent."""

    def show(value: Any) -> str:
        return f"{value:.5g}" if isinstance(value, float) else str(value)

    names = [*now, *(name for name in before if name not in now)]
    rows = [(name, show(before.get(name, "–")), show(now.get(name, "–"))) for name in names]
    return [row for row in rows if row[1] != row[2]]


def compare_predictions(before: Run, now: Run) -> list[Difference]:
    """Compare the predictions of the images that are in the same split of both runs; empty if the images differ."""
    if before.labelled.images.tobytes() != now.labelled.images.tobytes():
        return []
    then = before.predictions[["row", "split", "label", "predicted"]]
    both = now.predictions.merge(then, on=["row", "split", "label"], suffixes=("", "_before"))
    both = both.sort_values("confidence", ascending=False, kind="stable")
    correct, was_correct = both.predicted == both.label, both.predicted_before == both.label
    differences = []
    for split in SPLITS:
        inside = both.split == split
        corrected, misclassified = both[inside & correct & ~was_correct], both[inside & ~correct & was_correct]
        if changed := len(corrected) + len(misclassified):
            p_value = float(binomtest(len(corrected), changed).pvalue)
            differences.append(Difference(split, int(inside.sum()), corrected, misclassified, p_value))
    return differences


def describe(difference: Difference) -> str:
    """Describe a difference in one line."""
    return (
        f"{len(difference.corrected)} of {difference.images:,} newly correct, {len(difference.misclassified)} newly "
        f"misclassified (p = {difference.p_value:.2g}, exact McNemar test)"
    )


def _resolve(name: str) -> str:
    """Return the commit of a revision or of an experiment."""
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    commit = commit or _experiments().get(name, "")
    if not commit:
        raise InputError(f"{name!r} is no commit, branch, tag or experiment; `dvc exp show` lists them")
    return commit


def _experiments() -> dict[str, str]:
    """Return the commit of each experiment by its name."""
    lines = _git("for-each-ref", "--format=%(refname:lstrip=4) %(objectname)", "refs/exps/*/*/*").splitlines()
    return dict(line.split(" ") for line in lines)


def _read_previous() -> tuple[str, Run]:
    """Read the last commit whose dvc.lock records other predictions than the present ones, and that can be read."""
    lock = Path("dvc.lock")
    tried = {_recorded_md5(lock.read_text(encoding="utf-8")) if lock.exists() else None, None}
    for commit in _git("log", "--format=%H", "--", "dvc.lock").splitlines():
        md5 = _recorded_md5(_git("show", f"{commit}:dvc.lock"))
        if md5 not in tried:
            with suppress(InputError):
                return commit, _read(commit)
        tried.add(md5)
    raise InputError("DVC's cache has no earlier run with other predictions; name a revision: make compare REV=low-lr")


def _recorded_md5(lock: str) -> str | None:
    outputs = ((yaml.safe_load(lock) or {}).get("stages", {}).get("predict") or {}).get("outs", [])
    return next((output["md5"] for output in outputs if output["path"] == PREDICTIONS), None)


def _read(commit: str | None) -> Run:
    """Read the results of a commit, from Git and from DVC's cache or remote; None is the working folder.

    Raises:
        InputError: a file is not there.
    """
    files_of_run = dvc.api.DVCFileSystem(rev=commit)
    with tempfile.TemporaryDirectory() as folder:
        for path in LABELLED, PREDICTIONS, METRICS, PARAMS:
            copy = Path(folder, path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                files_of_run.get_file(path, str(copy))
            except FileNotFoundError:
                if not commit:
                    raise InputError(f"{path} is missing; run `dvc repro`") from None
                raise InputError(
                    f"{path} of {commit[:7]} is not in DVC's cache; `dvc fetch --all-commits` fetches it from a remote"
                ) from None
        labelled = arrays.load_labelled(Path(folder, LABELLED))
        probabilities = arrays.load_probabilities(Path(folder, PREDICTIONS))
        metrics = json.loads(Path(folder, METRICS).read_text(encoding="utf-8"))
        settings = yaml.safe_load(Path(folder, PARAMS).read_text(encoding="utf-8"))
    (flat,) = pd.json_normalize(settings, sep=".").to_dict("records")
    return Run(flat, metrics, labelled, tabulate(labelled.labels, labelled.fold, probabilities))


def _git(*arguments: str) -> str:
    """Return what Git prints, or "" if it fails."""
    return subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8").stdout.strip()


if __name__ == "__main__":
    errors.run(main)
