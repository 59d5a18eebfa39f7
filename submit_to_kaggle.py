"""Submit reports/submission.csv to Kaggle, wait for its score, and keep a log of it: `make submit MESSAGE="…"`.

It changes the outside world, so it is no stage. Before sending it checks that the file is the one of dvc.lock, that the
pipeline is up to date, that the file has the form that Kaggle expects and that it was not submitted before.
reports/kaggle_submissions.json, for you to commit, tells which commit reached which score; `--list` prints it.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

try:
    import yaml

    from digits import errors, files
    from digits.data import kaggle_csv
    from digits.errors import InputError
except ModuleNotFoundError as missing:
    sys.exit(f"error: {missing}; run `make` once, then `source .venv/bin/activate` and `unset PYTHONSAFEPATH`")

SUBMISSION = Path("reports/submission.csv")
SAMPLE = Path("data/raw/sample_submission.csv")
METRICS = Path("reports/metrics.json")
LOG = Path("reports/kaggle_submissions.json")
POLL = 5  # seconds between two looks at the score


def main():
    options = _parse()
    if options.list:
        refresh()
        show_log()
        return
    answers, digest = check(options.force)
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": digest,
        "commit": _git("rev-parse", "HEAD")
        + ("-dirty" if _git("status", "--porcelain", "--untracked-files=no") else ""),
        "message": options.message,
        "out_of_fold_accuracy": json.loads(METRICS.read_text())["oof_accuracy"] if METRICS.exists() else None,
    }
    print(f"{SUBMISSION}: {answers:,} answers, sha256 {digest[:12]}, commit {entry['commit'][:12] or 'none'}")
    if options.dry_run:
        print(f"would be submitted to {_client().COMPETITION} with the message {options.message!r}; nothing was sent")
        return
    print(f"submitting to {_client().COMPETITION} with the message {options.message!r}", flush=True)
    try:
        entry["ref"] = _client().submit(SUBMISSION, options.message)
    except InputError as refused:
        _append(entry | {"status": "not sent", "error": str(refused)})
        raise
    _append(entry | {"status": "sent"})
    state = wait_for_score(entry["ref"], options.wait)
    if state is None:
        raise InputError(
            f"sent, but no score after {options.wait:.0f} s; `python submit_to_kaggle.py --list` asks for it again"
        )
    entry = record(entry, state)
    if entry["status"] == "rejected":
        raise InputError(f"Kaggle rejected the file: {entry['error']}")
    print(f"public score           {entry['public_score']}")
    if entry["out_of_fold_accuracy"] is not None:
        print(f"out-of-fold accuracy   {entry['out_of_fold_accuracy']:.5f}")
    print(f"logged in {LOG}; commit it")


def check(force):
    """Check the file that is to be submitted: number of answers, SHA-256.

    Raises:
        InputError: it is not what the pipeline wrote last, is not what Kaggle expects, or was submitted before.
    """
    if not SUBMISSION.exists():
        raise InputError(f"{SUBMISSION} is missing; `dvc repro` writes it")
    labels = kaggle_csv.read_submission(SUBMISSION)
    expected = kaggle_csv.read_submission(SAMPLE)
    if len(labels) != len(expected):
        raise InputError(f"{SUBMISSION} has {len(labels)} answers, {SAMPLE} {len(expected)} ids; run `dvc repro`")
    content = SUBMISSION.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    for past in read_log():
        if past["sha256"] == digest and past["status"] in ("sent", "scored"):
            raise InputError(
                f"this file was submitted on {past['time']} (score {past.get('public_score', 'not known')}); it would score the same"
            )
    if not force:
        if hashlib.md5(content).hexdigest() != _locked_md5():
            raise InputError(
                f"{SUBMISSION} is not the one of dvc.lock; run `dvc repro`, or submit it all the same with --force"
            )
        if subprocess.run([sys.executable, "-m", "dvc", "status", "--quiet"], capture_output=True).returncode:
            raise InputError(
                "the pipeline is not up to date (dvc status); run `dvc repro`, or submit all the same with --force"
            )
    return len(labels), digest


def wait_for_score(ref, limit):
    """Ask Kaggle for a submission until it is scored or rejected: what Kaggle says of it, or None after `limit` seconds."""
    begin = time.monotonic()
    while True:
        state = _client().submission(ref)
        if state.status.name != "PENDING":
            return state
        seconds = time.monotonic() - begin
        if seconds > limit:
            return None
        print(f"waiting for the score, {seconds:.0f} s", end="\r" if sys.stdout.isatty() else "\n", flush=True)
        time.sleep(POLL)


def record(entry, state):
    """Log what Kaggle has decided of a submission, its score or its error: the new entry."""
    if state.status.name == "ERROR":
        reason = " ".join((state.error_description or "no reason given").split())
        entry = entry | {"status": "rejected", "error": reason}
    else:
        entry = entry | {"status": "scored", "public_score": state.public_score}
    _append(entry)
    return entry


def refresh():
    """Ask Kaggle for the submissions that had no score when they were last looked at, and log what it has decided."""
    for entry in read_log():
        if entry["status"] == "sent":
            try:
                state = _client().submission(entry["ref"])
            except InputError as error:
                print(f"the submission of {entry['time']} could not be looked at: {error}", file=sys.stderr)
                continue
            if state.status.name != "PENDING":
                record(entry, state)


def read_log():
    """Read the log: a list of submissions, the oldest first."""
    if not LOG.exists():
        return []
    try:
        return json.loads(LOG.read_text())
    except ValueError:
        raise InputError(f"{LOG} is damaged; `git checkout {LOG}` brings back what you committed") from None


def show_log():
    """Print the log as a table."""
    print(f"{'time':26}{'score':>9}{'out of fold':>13}  {'commit':13}{'file':14}{'message'}")
    for entry in read_log():
        accuracy = "" if entry["out_of_fold_accuracy"] is None else f"{entry['out_of_fold_accuracy']:.5f}"
        score = entry.get("public_score") or entry["status"]
        message = entry["message"] + (f" ({entry['error']})" if "error" in entry else "")
        print(
            f"{entry['time']:26}{score:>9}{accuracy:>13}  {entry['commit'][:12]:13}{entry['sha256'][:12]:14}{message}"
        )


def _append(entry):
    """Put an entry at the end of the log, in place of an earlier state of the same submission (Kaggle's number, `ref`)."""
    others = [past for past in read_log() if "ref" not in entry or past.get("ref") != entry["ref"]]
    files.write_json(LOG, [*others, entry])


def _locked_md5():
    locked = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]["submission"]["outs"]
    return next(out["md5"] for out in locked if out["path"] == str(SUBMISSION))


def _git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.strip()


def _client():
    from digits.data import kaggle_client  # starts the network code, which is not always needed

    return kaggle_client


def _parse():
    parser = argparse.ArgumentParser(description="Submit reports/submission.csv to Kaggle and wait for its score.")
    parser.add_argument("message", nargs="?", default="", help="what to remember the submission by")
    parser.add_argument("--dry-run", action="store_true", help="do everything but send")
    parser.add_argument("--force", action="store_true", help="submit also what dvc repro would make anew")
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="for the score, at most (300)")
    parser.add_argument(
        "--list", action="store_true", help="print the submissions so far, with the scores that have arrived since"
    )
    return parser.parse_args()


if __name__ == "__main__":
    errors.run(main)
