"""Print the metrics of the last run in a few lines: `python -m digits.evaluation.summary`."""

import json
import subprocess
from pathlib import Path

import yaml

from digits import errors
from digits.evaluation import figures

METRICS, DETAILS = Path("reports/metrics.json"), Path("reports/details.json")
LOCK = Path("dvc.lock")
BASELINE = """
These results differ from the committed ones although no setting or code has changed: another processor, Python or package
made those. Commit these as your baseline: git add -A && git commit -m "Baseline"
"""


def main():
    for path in METRICS, DETAILS:
        if not path.exists():
            raise errors.InputError(f"{path} is missing; `dvc repro` makes it")
    print()
    for name, value, meaning in figures.in_words(json.loads(METRICS.read_text()), json.loads(DETAILS.read_text())):
        print(f"  {name:22}{value:9}{meaning}")
    print("""
  report                reports/index.html
  model                 models/
  submission            reports/submission.csv

Next: make draw                             draw a digit and see what the network reads
      source .venv/bin/activate             then, to see what one change does:
      dvc exp run --temp -n low-lr -S lr=0.001
      make experiments""")
    if rounds_differently():
        print(BASELINE, end="")


def rounds_differently():
    """Tell whether dvc.lock and its committed version record other outputs of the same stages with the same inputs."""
    committed = subprocess.run(["git", "show", f"HEAD:{LOCK}"], capture_output=True, text=True)
    if committed.returncode or not LOCK.exists():
        return False
    try:
        now, then = (yaml.safe_load(text)["stages"] for text in (LOCK.read_text(encoding="utf-8"), committed.stdout))
    except (yaml.YAMLError, TypeError, KeyError):  # damaged, which DVC reports
        return False
    # of the stages in both: DVC keeps the entries of members that are no longer listed
    now, then = ({name: stages[name] for name in now.keys() & then.keys()} for stages in (now, then))
    return now != then and _inputs(now) == _inputs(then)


def _inputs(stages):
    """What the stages of a dvc.lock read that is no output of another: {stage: (command, parameters, {path: hash})}."""
    outs = [out["path"] for stage in stages.values() for out in stage.get("outs", [])]

    def made(path):
        return any(path == out or out.startswith(f"{path}/") for out in outs)

    return {
        name: (
            stage["cmd"],
            stage.get("params", {}).get("params.yaml"),
            {dep["path"]: dep["md5"] for dep in stage.get("deps", []) if not made(dep["path"])},
        )
        for name, stage in stages.items()
    }


if __name__ == "__main__":
    errors.run(main)
