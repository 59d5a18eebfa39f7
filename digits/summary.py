"""Print the metrics of the last run and what to do next, at the end of `make`: `python -m digits.summary`.

It imports nothing that takes long to import.
"""

import json
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import yaml

from digits import errors
from digits.evaluation import headlines

METRICS, DETAILS, LOCK = Path("reports/metrics.json"), Path("reports/details.json"), Path("dvc.lock")
WIDTH = 120


def main() -> None:
    for path in METRICS, DETAILS, LOCK:
        if not path.exists():
            raise errors.InputError(f"{path} is missing; run `dvc repro`")
    results, details = json.loads(METRICS.read_text()), json.loads(DETAILS.read_text())
    print()
    for name, value, explanation in headlines.describe(results, details):
        print(f"  {name:22}{value:9}{explanation}")
    committed = _read_committed(METRICS), _read_committed(LOCK)
    if all(committed) and (changes := compare(results, LOCK.read_text(encoding="utf-8"), *committed)):
        print(textwrap.fill(f"  {'since the last commit':22}{changes}", WIDTH, subsequent_indent=" " * 24))
    print(f"\n  {'model':22}models/\n  {'submission':22}reports/submission.csv")
    print(f"  {'report':22}{Path('reports/index.html').resolve().as_uri()}")

    steps = []
    if changed := [line[3:] for line in _git("status", "--short", ".").splitlines()]:
        line = f"  {'changed':22}{', '.join(changed)}"
        print(textwrap.fill(line, WIDTH, max_lines=1, placeholder=" …"))
        steps += [('git add -A . && git commit -m "Baseline"', "makes these results the baseline of experiments")]
    steps += [("make draw", "draw a digit and see the prediction")]
    if details["settings"]["source"] == "kaggle":
        steps += [('make submit MESSAGE="what is new"', "send the submission to Kaggle")]
    problem = find_problem_of_temporary_runs()
    steps += [
        ("source .venv/bin/activate", "then, to see the effect of one change:"),
        (f"dvc exp run {'' if problem else '--temp '}-n low-lr -S lr=0.001", problem),
        ("make experiments", "compare the experiments"),
    ]
    print("\nNext:", "\n      ".join(f"{command:42}{purpose}".rstrip() for command, purpose in steps))


def compare(results: dict[str, Any], lock: str, committed: str, committed_lock: str) -> str:
    """List the metrics that differ visibly from the committed ones: "accuracy 0.9886 → 0.9943, errors 4 → 2".

    Those of other images are not compared.

    Args:
        results: the present metrics.
        lock: the text of dvc.lock.
        committed: the text of the committed metrics.
        committed_lock: the text of the committed dvc.lock.
    """
    (data, members), (data_before, members_before) = _read_lock(lock), _read_lock(committed_lock)
    if data != data_before:
        return "not compared, because these metrics are those of other images"
    before = {name: value for name, value in json.loads(committed).items() if name in results}
    if members != members_before:
        before = {name: value for name, value in before.items() if not name.startswith("oof_")}
    pairs = [(name, f"{value:.4g}", f"{results[name]:.4g}") for name, value in before.items()]
    return ", ".join(f"{name} {then} → {now}" for name, then, now in pairs if then != now)


def _read_lock(text: str) -> tuple[str | None, list[int] | None]:
    """Read the hash of the images and their split, and the members, from the text of a dvc.lock."""
    stages = yaml.load(text, yaml.CSafeLoader)["stages"]
    try:
        return stages["prepare"]["outs"][0]["md5"], stages["submission"]["params"]["params.yaml"]["members"]
    except KeyError:  # not all stages ran
        return None, None


def find_problem_of_temporary_runs() -> str:
    """Return why `dvc exp run --temp` would keep nothing here, or ""."""
    if _git("rev-parse", "--is-shallow-repository") == "true":
        return "--temp keeps nothing in a shallow clone (git fetch --unshallow)"
    if {"%", "#"} & set(str(Path.cwd())):
        return "--temp keeps nothing where the path contains % or #"
    return ""


def _read_committed(path: Path) -> str:
    """Return the text of a file in the last commit, or "" if there is none."""
    return _git("show", f"HEAD:./{path}")


def _git(*arguments: str) -> str:
    """Return what Git prints, or "" if it fails."""
    return subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8").stdout.rstrip()


if __name__ == "__main__":
    errors.run(main)
