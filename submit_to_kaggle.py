"""Submit reports/submission.csv to Kaggle, wait for its score, and keep a log of it: `make submit MESSAGE="…"`.

This is no stage, because it changes something outside of the project. It first checks that the file is valid, that the
images are not the sample's or MNIST's, that the file was not submitted before and that the pipeline is up to date. The
log is reports/kaggle_submissions.json, for you to commit: which commit got which score. `--list` prints it.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    from digits import errors, files, settings
    from digits.data import kaggle_csv
    from digits.errors import InputError
except ModuleNotFoundError as missing:
    sys.exit(f"error: {missing}; run `make` once, then `source .venv/bin/activate` and `unset PYTHONSAFEPATH`")

SUBMISSION = Path("reports/submission.csv")
SAMPLE = Path("data/raw/sample_submission.csv")
METRICS = Path("reports/metrics.json")
LOG = Path("reports/kaggle_submissions.json")
SOURCES_WITH_TEST_IMAGES = "sample", "mnist"  # of the competition, and with their labels
POLL_INTERVAL = 5  # seconds between two requests for the score


class Params(settings.Params):
    source: settings.Source


def main() -> None:
    options = _parse()
    if options.list:
        update_log()
        print_log()
        return
    count = check_submission(options.force)
    entry = describe_submission(options.message)
    print(f"{SUBMISSION}: {count:,} answers, sha256 {entry['sha256'][:12]}, commit {entry['commit'][:12] or 'none'}")
    if options.dry_run:
        print(f"a dry run: it would be submitted with the message {options.message!r}; nothing was sent")
        return
    submit(entry)
    entry = wait_for_score(entry, options.wait)
    if entry["status"] == "rejected":
        raise InputError(f"Kaggle rejected the file: {entry['error']}")
    print(f"public score           {entry['public_score']}")
    if entry["out_of_fold_accuracy"] is not None:
        print(f"out-of-fold accuracy   {entry['out_of_fold_accuracy']:.5f}")
    print(f"logged in {LOG}; commit it")


def check_submission(force: bool) -> int:
    """Check the file to submit, and return its number of answers.

    Args:
        force: accept a file that differs from what `dvc repro` would write.

    Raises:
        InputError: It is not what Kaggle expects, was submitted before, or is out of date, or the labelled images
            contain some of the test set.
    """
    if (source := Params.load().source) in SOURCES_WITH_TEST_IMAGES:
        raise InputError(
            f"source: {source} contains images of the competition's test set, with their labels; set source: kaggle in "
            "params.yaml and run `dvc repro`"
        )
    if not SUBMISSION.exists():
        raise InputError(f"{SUBMISSION} is missing; `dvc repro` writes it")
    count, expected = len(kaggle_csv.read_submission(SUBMISSION)), len(kaggle_csv.read_submission(SAMPLE))
    if count != expected:
        raise InputError(f"{SUBMISSION} has {count} answers, {SAMPLE} {expected} ids; run `dvc repro`")
    for past in read_log():
        if past["sha256"] == _sha256() and past["status"] in ("sent", "scored"):
            score = past.get("public_score", "unknown")
            raise InputError(f"this file was submitted on {past['time']} (score {score}); it would get the same score")
    if not force and subprocess.run([sys.executable, "-m", "dvc", "status", "--quiet"], capture_output=True).returncode:
        raise InputError(
            f"{SUBMISSION} or a file that it depends on has changed (see `dvc status`); run `dvc repro`, or submit it "
            "with --force"
        )
    return count


def describe_submission(message: str) -> dict[str, Any]:
    """Return a new entry of the log: the time, the file's SHA-256, the commit, the message and the accuracy."""
    modified = "-dirty" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": _sha256(),
        "commit": _git("rev-parse", "HEAD") + modified,
        "message": message,
        "out_of_fold_accuracy": json.loads(METRICS.read_text())["oof_accuracy"] if METRICS.exists() else None,
    }


def submit(entry: dict[str, Any]) -> None:
    """Submit the file, add Kaggle's number of the submission to the entry, and log it.

    Raises:
        InputError: It was refused, or it is unknown whether it arrived; this is logged too.
    """
    from digits.data import kaggle_client  # not at the top: it takes half a second, and a dry run does not need it

    print(f"submitting to {kaggle_client.COMPETITION} with the message {entry['message']!r}", flush=True)
    try:
        entry["ref"] = kaggle_client.submit(SUBMISSION, entry["message"])
    except InputError as error:
        _log(entry | {"status": "not sent", "error": str(error)})
        raise
    _log(entry | {"status": "sent"})


def wait_for_score(entry: dict[str, Any], limit: float) -> dict[str, Any]:
    """Wait until a submission is scored or rejected, log it, and return the new entry.

    Raises:
        InputError: Kaggle has not scored it after `limit` seconds, or cannot be asked.
    """
    start = time.monotonic()
    while (scored := _look_up(entry)) is None:
        seconds = time.monotonic() - start
        if seconds > limit:
            raise InputError(f"sent, but not scored after {limit:g} s; `python submit_to_kaggle.py --list` asks again")
        print(f"waiting for the score, {seconds:.0f} s", end="\r" if sys.stdout.isatty() else "\n", flush=True)
        time.sleep(POLL_INTERVAL)
    return scored


def update_log() -> None:
    """Look up the submissions that had no score yet, and log the scores that have arrived."""
    for entry in read_log():
        if entry["status"] == "sent":
            try:
                _look_up(entry)
            except InputError as error:
                print(f"the submission of {entry['time']} could not be looked up: {error}", file=sys.stderr)


def read_log() -> list[dict[str, Any]]:
    """Read the log, the oldest submission first."""
    if not LOG.exists():
        return []
    try:
        return json.loads(LOG.read_text())
    except ValueError:
        raise InputError(f"{LOG} is damaged; `git checkout {LOG}` restores what you committed") from None


def print_log() -> None:
    """Print the log as a table."""
    print(f"{'time':26}{'score':>9}{'out of fold':>13}  {'commit':13}{'file':14}{'message'}")
    for entry in read_log():
        score = entry.get("public_score") or entry["status"]
        accuracy = "" if entry["out_of_fold_accuracy"] is None else f"{entry['out_of_fold_accuracy']:.5f}"
        message = entry["message"] + (f" ({entry['error']})" if "error" in entry else "")
        hashes = f"{entry['commit'][:12]:13}{entry['sha256'][:12]:14}"
        print(f"{entry['time']:26}{score:>9}{accuracy:>13}  {hashes}{message}")


def _look_up(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Ask Kaggle for the score of a submission, and log it; None if there is none yet."""
    from digits.data import kaggle_client

    submission = kaggle_client.get_submission(entry["ref"])
    if submission.status.name == "PENDING":
        return None
    if submission.status.name == "ERROR":
        reason = " ".join((submission.error_description or "no reason given").split())
        entry = entry | {"status": "rejected", "error": reason}
    else:
        entry = entry | {"status": "scored", "public_score": submission.public_score}
    _log(entry)
    return entry


def _log(entry: dict[str, Any]) -> None:
    """Append an entry to the log, in place of an earlier one of the same submission (`ref`)."""
    others = [past for past in read_log() if "ref" not in entry or past.get("ref") != entry["ref"]]
    files.write_json(LOG, [*others, entry])


def _sha256() -> str:
    return hashlib.sha256(SUBMISSION.read_bytes()).hexdigest()


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.strip()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Submit reports/submission.csv to Kaggle and wait for its score.")
    parser.add_argument("message", nargs="?", default="", help="a note for the submission")
    parser.add_argument("--dry-run", action="store_true", help="do everything but send")
    parser.add_argument("--force", action="store_true", help="submit it even if it is out of date")
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="for the score, at most (300)")
    parser.add_argument("--list", action="store_true", help="print the past submissions with their latest scores")
    return parser.parse_args()


if __name__ == "__main__":
    errors.run(main)
