"""Submit reports/submission.csv to Kaggle, wait for its score, and keep a log of it: `make submit MESSAGE="…"`.

This is not a stage, because it changes something outside of the project. It first checks that the file is valid, that
the images are the competition's, that the file was not submitted before and that the pipeline is up to date. The log is
reports/kaggle_submissions.json, for you to commit: which commit got which score. `--list` prints it.
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

from digits import errors, files, settings
from digits.data import kaggle_csv
from digits.errors import InputError

SUBMISSION = Path("reports/submission.csv")
METRICS = Path("reports/metrics.json")
LOG = Path("reports/kaggle_submissions.json")
TEST_IMAGES = 28_000  # of the competition
ADVICE = "set source: kaggle in params.yaml and run `dvc repro`"
POLL_INTERVAL = 5  # seconds between two requests for the score


class Params(settings.Params):
    source: settings.Source


def main() -> None:
    options = _parse()
    if options.list:
        update_log()
        print_log()
        return
    check_submission(options.force)
    entry = describe_submission(options.message)
    print(f"{SUBMISSION}: sha256 {entry['sha256'][:12]}, commit {entry['commit'] or 'none'}")
    if options.dry_run:
        print(f"a dry run: it would be submitted with the message {options.message!r}; nothing was sent")
        return
    submit(entry)
    wait_for_score(entry, options.wait)


def check_submission(force: bool) -> None:
    """Check the file to submit; with `force`, it may differ from what `dvc repro` would write.

    Raises:
        InputError: It is not what Kaggle expects, was submitted before, or is out of date, or its images are not the
            competition's: the sample and MNIST contain some of its test set, with their labels.
    """
    source = Params.load().source
    if source not in ("kaggle", "incoming"):
        raise InputError(f"source: {source} contains images of the competition's test set, with labels; {ADVICE}")
    count = len(kaggle_csv.read_submission(SUBMISSION))
    if count != TEST_IMAGES:
        raise InputError(f"{SUBMISSION} has {count:,} answers, but the competition {TEST_IMAGES:,} images; {ADVICE}")
    for past in read_log():
        if past["sha256"] == _sha256() and past["status"] in ("sent", "scored"):
            score = past.get("public_score", "unknown")
            raise InputError(f"this file was submitted on {past['time']} (score {score}); it would get the same score")
    if not force and (stages := _changed_stages()):
        raise InputError(f"{SUBMISSION} is out of date: {stages} changed; run `dvc repro`, or submit it with --force")


def describe_submission(message: str) -> dict[str, Any]:
    """Return a new entry of the log: the time, the file's SHA-256, the commit, the message and the accuracy."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]  # without the names of tags
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": _sha256(),
        "commit": subprocess.run(describe, capture_output=True, text=True).stdout.strip(),
        "message": message,
        "out_of_fold_accuracy": json.loads(METRICS.read_text())["oof_accuracy"],
    }


def submit(entry: dict[str, Any]) -> None:
    """Submit the file, add Kaggle's number of the submission to the entry, and log it."""
    from digits.data import kaggle_client  # not at the top: it takes half a second, and a dry run does not need it

    print(f"submitting to {kaggle_client.COMPETITION} with the message {entry['message']!r}", flush=True)
    entry |= {"ref": kaggle_client.submit(SUBMISSION, entry["message"]), "status": "sent"}
    _log(entry)


def wait_for_score(entry: dict[str, Any], limit: float) -> None:
    """Wait until a submission is scored, log the score and print it.

    Raises:
        InputError: Kaggle rejected it, has not scored it after `limit` seconds, or cannot be asked.
    """
    start = time.monotonic()
    while not look_up(entry):
        seconds = time.monotonic() - start
        if seconds > limit:
            raise InputError(f"sent, but not scored after {limit:g} s; `python submit_to_kaggle.py --list` asks again")
        print(f"waiting for the score, {seconds:.0f} s", end="\r" if sys.stdout.isatty() else "\n", flush=True)
        time.sleep(POLL_INTERVAL)
    if entry["status"] == "rejected":
        raise InputError(f"Kaggle rejected the file: {entry['error']}")
    print(f"public score           {entry['public_score']}")
    print(f"out-of-fold accuracy   {entry['out_of_fold_accuracy']:.5f}")
    print(f"logged in {LOG}; commit it")


def look_up(entry: dict[str, Any]) -> bool:
    """Ask Kaggle for the score of a submission; add it to the entry and to the log, and return whether there is one."""
    from digits.data import kaggle_client

    submission = kaggle_client.get_submission(entry["ref"])
    if submission.status.name == "PENDING":
        return False
    if submission.status.name == "ERROR":
        reason = " ".join((submission.error_description or "no reason given").split())
        entry |= {"status": "rejected", "error": reason}
    else:
        entry |= {"status": "scored", "public_score": submission.public_score}
    _log(entry)
    return True


def update_log() -> None:
    """Look up the submissions that had no score yet, and log the scores that have arrived."""
    for entry in read_log():
        if entry["status"] == "sent":
            try:
                look_up(entry)
            except InputError as error:
                print(f"the submission of {entry['time']} could not be looked up: {error}", file=sys.stderr)


def read_log() -> list[dict[str, Any]]:
    """Read the log, the oldest submission first."""
    try:
        return json.loads(LOG.read_text()) if LOG.exists() else []
    except ValueError:
        raise InputError(f"{LOG} is damaged; `git checkout {LOG}` restores what you committed") from None


def print_log() -> None:
    """Print the log as a table."""
    print(f"{'time':26}{'score':>9}{'out of fold':>13}  {'commit':20}{'file':14}{'message'}")
    for entry in read_log():
        score = entry.get("public_score", entry["status"])
        message = entry["message"] + (f" ({entry['error']})" if "error" in entry else "")
        hashes = f"{entry['commit']:20}{entry['sha256'][:12]:14}"
        print(f"{entry['time']:26}{score:>9}{entry['out_of_fold_accuracy']:13.5f}  {hashes}{message}")


def _changed_stages() -> str:
    """Return the names of the stages that `dvc repro` would run, and of outputs that were changed."""
    status = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], stdout=subprocess.PIPE, text=True)
    if status.returncode:  # DVC has printed why
        raise InputError("`dvc status` failed; correct the error above, or submit the file with --force")
    return ", ".join(json.loads(status.stdout))


def _log(entry: dict[str, Any]) -> None:
    """Write an entry to the log, in place of an earlier one of the same submission (`ref`)."""
    files.write_json(LOG, [*(past for past in read_log() if past.get("ref") != entry["ref"]), entry])


def _sha256() -> str:
    return hashlib.sha256(SUBMISSION.read_bytes()).hexdigest()


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
