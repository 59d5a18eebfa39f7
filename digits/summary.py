"""Print the metrics of the last run in a few lines: `python -m digits.evaluation.summary`."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from digits import errors

METRICS, DETAILS = Path("reports/metrics.json"), Path("reports/details.json")
LOCK = Path("dvc.lock")
NEXT_STEPS = """
  report                reports/index.html
  model                 models/
  submission            reports/submission.csv

Next: make draw                             draw a digit and see the prediction
      source .venv/bin/activate             then, to see the effect of one change:
      dvc exp run --temp -n low-lr -S lr=0.001
      make experiments"""
BASELINE = """
These results differ from the committed ones although no setting or code has changed: those come from another processor,
Python or package. Commit these as your baseline: git add -A && git commit -m "Baseline"
"""


def main() -> None:
    for path in METRICS, DETAILS:
        if not path.exists():
            raise errors.InputError(f"{path} is missing; run `dvc repro`")
    print()
    results = json.loads(METRICS.read_text())
    for name, value, explanation in describe(results, json.loads(DETAILS.read_text())):
        print(f"  {name:22}{value:9}{explanation}")
    committed = _read_committed(METRICS)
    if committed and (changes := compare(results, json.loads(committed))):
        print(f"  {'since the last commit':22}{changes}")
    print(NEXT_STEPS)
    if has_other_results_than_committed():
        print(BASELINE, end="")


def describe(results: dict[str, Any], details: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Describe the most important metrics: yield (name, value, explanation), which says of which images.

    Args:
        results: the content of reports/metrics.json.
        details: the content of reports/details.json.
    """
    for prefix, split in ("", "held-out"), ("oof_", "out-of-fold"):
        if f"{prefix}accuracy" in results:
            wrong, images = details[f"{prefix}errors"], details[f"{prefix}images"]
            interval = _format_interval(details, f"{prefix}accuracy")
            explanation = f"{interval}; {wrong:,} of {images:,} {split} images misclassified"
            yield f"{split} accuracy", f"{results[f'{prefix}accuracy']:.2%}", explanation
    prefix, split = ("", "held-out") if "accuracy" in results else ("oof_", "out-of-fold")
    images = f"of the {details[f'{prefix}images']:,} {split} images"
    yield "log loss", f"{results[f'{prefix}log_loss']:.4f}", f"{images}; 0 is perfect, 2.30 is equal probabilities"
    error, interval = details[f"{prefix}calibration_error"], _format_interval(details, f"{prefix}calibration_error")
    yield "calibration error", f"{error:.2%}", f"{interval}; difference between confidence and accuracy {images}"
    if len(details.get("member_errors", [])) > 1:
        members = ", ".join(map(str, details["member_errors"]))
        explanation = f"errors fewer than its members make on average on the held-out images ({members})"
        yield "ensemble gain", f"{results['gain']:.1f}", explanation


def _format_interval(details: dict[str, Any], name: str) -> str:
    return f"95% interval {details[f'{name}_low']:.2%} to {details[f'{name}_high']:.2%}"


def compare(results: dict[str, Any], committed: dict[str, Any]) -> str:
    """List the metrics that differ visibly from the committed ones: "accuracy 0.9886 → 0.9943, errors 4 → 2"."""
    pairs = [(name, f"{committed[name]:.4g}", f"{results[name]:.4g}") for name in results if name in committed]
    return ", ".join(f"{name} {before} → {now}" for name, before, now in pairs if before != now)


def has_other_results_than_committed() -> bool:
    """Check whether dvc.lock and its committed version record other outputs of the same inputs."""
    committed = _read_committed(LOCK)
    if not committed or not LOCK.exists():
        return False
    try:
        now, then = (yaml.safe_load(text)["stages"] for text in (LOCK.read_text(encoding="utf-8"), committed))
    except (yaml.YAMLError, TypeError, KeyError):  # damaged, which DVC reports
        return False
    # only the stages in both: DVC keeps the entries of members that are no longer listed
    now, then = ({name: stages[name] for name in now.keys() & then.keys()} for stages in (now, then))
    return now != then and _inputs(now) == _inputs(then)


def _read_committed(path: Path) -> str:
    """Return the text of a file in the last commit, or "" if there is none."""
    return subprocess.run(["git", "show", f"HEAD:{path}"], capture_output=True, text=True).stdout


def _inputs(stages: dict[str, Any]) -> dict[str, tuple]:
    """Collect what each stage of a dvc.lock reads, other stages' outputs excluded.

    Returns:
        {stage: (command, parameters, {path: hash})}.
    """
    outputs = [output["path"] for stage in stages.values() for output in stage.get("outs", [])]

    def is_output(path: str) -> bool:
        return any(f"{path}/".startswith(f"{output}/") or output.startswith(f"{path}/") for output in outputs)

    return {
        name: (
            stage["cmd"],
            stage.get("params", {}).get("params.yaml"),
            {dep["path"]: dep["md5"] for dep in stage.get("deps", []) if not is_output(dep["path"])},
        )
        for name, stage in stages.items()
    }


if __name__ == "__main__":
    errors.run(main)
