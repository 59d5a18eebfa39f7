"""What a run came to, in a few lines: `python -m digits.summary`."""

import json
from pathlib import Path

from digits import errors, figures

METRICS = Path("reports/metrics.json")


def main():
    if not METRICS.exists():
        raise errors.InputError(f"{METRICS} is missing; `dvc repro` makes it")
    print()
    for name, value, meaning in figures.in_words(json.loads(METRICS.read_text())):
        print(f"  {name:22}{value:9}{meaning}")
    print("""
  report                reports/index.html
  model                 models/
  submission            reports/submission.csv

Next: source .venv/bin/activate
      dvc exp run -S lr=0.002               one change, and what it does: dvc metrics diff
      dvc exp run -S 'members=[0,1,2]'      an ensemble of three
      dvc repro, with `source: kaggle` in params.yaml, for the competition itself""")


if __name__ == "__main__":
    errors.run(main)
