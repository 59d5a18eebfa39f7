"""Train the members of the ensemble side by side: `make members`, or `python -m digits.cluster.members --jobs 4`.

It runs `dvc repro prepare`, then `dvc repro --single-item train@K` for each member K that has to be trained, several at
a time, and then `dvc repro`. The results and dvc.lock have the same bytes as after a plain `dvc repro`.

Each `dvc` has a process group of its own, which ends with this program. After a SIGKILL of this program alone, the
trainings end when they print their next line. The same command then continues them.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import joblib

from digits import errors, files
from digits.errors import InputError
from digits.model import checkpoint
from digits.settings import Compute, Members
from digits.settings import Params as StageParams

MAX_CLUSTER_JOBS = 16  # local processes that wait for a training on the cluster
GRACE = 30  # seconds after an interrupt before a process group is killed


class Params(StageParams):
    members: Members
    compute: Compute


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the members of the ensemble side by side.")
    parser.add_argument("--jobs", help="trainings at a time; by default as many as the cores allow")
    jobs = parser.parse_args().jobs
    if jobs is not None and not re.fullmatch("0*[1-9][0-9]{0,3}", jobs):
        raise InputError(f"JOBS is {jobs!r}; use the number of trainings at a time, from 1 to 9999")
    params = Params.load()
    limit = int(jobs) if jobs else default_jobs(len(params.members), params.compute.threads)
    with checkpoint.lock("members", "the members are being trained"):
        try:
            asyncio.run(_reproduce(params.members, limit))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def default_jobs(members: int, threads: int) -> int:
    """Return how many trainings of `threads` threads the cores allow, or the cluster of RAY_ADDRESS."""
    if os.environ.get("RAY_ADDRESS"):
        return min(members, MAX_CLUSTER_JOBS)
    return max(1, min(members, joblib.cpu_count() // threads))


async def _reproduce(members: Sequence[int], jobs: int) -> None:
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)

    await _dvc("repro", "prepare")
    # one start of DVC, instead of one for each member that is up to date
    *_, status = await _dvc("status", "--json", *(f"train@{member}" for member in members), label=None)
    if changed := [member for member in members if f"train@{member}" in json.loads(status)]:
        print(f"training {len(changed)} of {len(members)} members, up to {jobs} at a time", flush=True)
        slots = asyncio.Semaphore(jobs)
        with _shared_images():
            causes = await asyncio.gather(*(_train(member, slots) for member in changed))
        _sort_lock(members)
        if failed := [f"\n  member {member}: {cause}" for member, cause in zip(changed, causes, strict=True) if cause]:
            raise InputError(
                f"{len(failed)} of {len(members)} members failed; run the same command again to train them:"
                + "".join(failed)
            )
    await _dvc("repro")


async def _train(member: int, slots: asyncio.Semaphore) -> str | None:
    """Run a member's stage, and return the reason if it failed."""
    async with slots:
        try:
            await _dvc("repro", "--single-item", f"train@{member}", label=f"member {member} | ")
            return None
        except InputError as error:
            return str(error)


async def _dvc(*arguments: str, label: str | None = "") -> list[str]:
    """Run DVC, print its output with a label before each line, and return its lines.

    Nothing is printed if the label is None. DVC holds its lock except while the command of a stage runs; it waits for
    that of another DVC, because without `--wait-for-lock` it would give up, and discard a training, after 3 s.

    Raises:
        InputError: DVC failed.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dvc", "--wait-for-lock", *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        limit=2**20,  # bytes of a line
        process_group=0,
    )
    assert process.stdout
    lines = []
    try:
        async for encoded in process.stdout:
            line = encoded.decode(errors="replace").rstrip()
            if line and not line.startswith("Use `dvc push`"):
                lines.append(line)
                if label is not None:
                    sys.stdout.write(f"{label}{line}\n")
                    sys.stdout.flush()
        if status := await process.wait():
            raise InputError(_cause(lines) if status > 0 else f"ended by {signal.Signals(-status).name}")
        return lines
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Interrupt a process group, which lets DVC release its locks, and kill what is left of it."""
    try:
        with suppress(ProcessLookupError, TimeoutError):
            os.killpg(process.pid, signal.SIGINT)
            await asyncio.wait_for(process.wait(), GRACE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _cause(lines: Sequence[str]) -> str:
    """Find the line of DVC's output that says why it failed."""
    if pids := [line.split()[1].rstrip("):") for line in lines if line.startswith("  (PID ")]:
        groups = " ".join(f"-{pid}" for pid in pids)
        return f"other DVC processes run here: {', '.join(pids)}; wait until they end, or end them (kill -INT {groups})"
    found = [line for line in lines if re.match(r"(error|ERROR): |[\w.]+(Error|Exception)\b", line)]
    causes = [line for line in found if "failed to run: " not in line]  # DVC's remark on the exit status
    return [*lines[-1:], *found[-1:], *causes[-1:]][-1].removeprefix("error: ").removeprefix("ERROR: ")


def _sort_lock(members: Sequence[int]) -> None:
    """Give the new entries of dvc.lock the order of `members`; new are those that the last commit does not have.

    DVC appends the entry of a stage that ends, so their order would be that in which the trainings ended.
    """
    lock = Path("dvc.lock")
    committed = subprocess.run(["git", "show", f"HEAD:./{lock}"], capture_output=True, text=True).stdout
    old = set(re.findall(r"^  \S.*", committed, re.MULTILINE))
    head, *entries = re.split(r"^(?=  \S)", lock.read_text(), flags=re.MULTILINE)
    by_name = {entry.splitlines()[0]: entry for entry in entries}
    if not old <= by_name.keys():  # dvc.lock was deleted: all entries are new
        old = set()
    new = [f"  train@{member}:" for member in members if f"  train@{member}:" not in old]
    names = iter([name for name in new if name in by_name])
    with files.atomic_write(lock) as partial:
        partial.write_text(head + "".join(by_name[next(names) if name in new else name] for name in by_name))


def _shared_images() -> AbstractContextManager:
    if os.environ.get("RAY_ADDRESS"):
        from digits.cluster.remote import shared_images

        return shared_images()
    return nullcontext()


if __name__ == "__main__":
    errors.run(main)
