"""Kill `dvc repro` and everything that it started at random moments, and compare what the next one leaves."""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import time

from project import Project, heed_interrupts

SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
_ENDED = 30  # seconds in which a killed group has to be gone


class Victim(Project):
    """A copy of a project without its results, with its own folders for what DVC and the libraries keep elsewhere."""

    def __init__(self, original, folder, name="clone", before_start=None, **environment):
        """`before_start` is called in each process before it becomes `dvc repro`."""
        shutil.copytree(original.folder, folder / name, symlinks=True)
        super().__init__(folder / name)
        self.forget()
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.environment |= {"TMPDIR": str(self.temporary), "DVC_SITE_CACHE_DIR": str(folder / "site")} | environment
        self.before_start = before_start

    def forget(self):
        """Delete all results: the next run begins at the first stage."""
        for result in (
            "data/raw",
            "data/prepared",
            "data/predictions",
            "models",
            "reports",
            ".work",
            ".dvc/cache",
            ".dvc/tmp",
        ):
            shutil.rmtree(self / result, ignore_errors=True)
        (self / "dvc.lock").unlink(missing_ok=True)
        self.past_first_epoch = set()

    def start(self):
        return subprocess.Popen(
            ["dvc", "repro"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=self._before_start,
        )

    def _before_start(self):
        heed_interrupts()
        if self.before_start:
            self.before_start()

    def repro_timed(self):
        """Run to the end: how many seconds each stage took, DVC's bookkeeping after it included."""
        running, began = self.start(), {}
        for line in running.stdout:
            if stage := stage_of(line):
                began[stage] = time.monotonic()
        assert running.wait() == 0
        ends = [*began.values(), time.monotonic()][1:]
        return {stage: end - began[stage] for stage, end in zip(began, ends, strict=True)}

    def repro_killed(self, stage, delay, how):
        """Run, and kill the process group `delay` seconds after the stage has begun.

        Returns:
            the stage that ran at that moment; None if all had ended before, or the stage did not run.
        """
        running, lines, stopped = self.start(), [], None
        for line in running.stdout:
            lines.append(line)
            if stage_of(line) == stage:
                time.sleep(delay)
                if running.poll() is None:
                    os.killpg(running.pid, how)
                    stopped = stage
                break
        lines += running.stdout.readlines()
        status = running.wait()
        _await_end(running.pid)
        output = "".join(lines)
        assert stopped or status == 0, f"dvc repro failed of itself:\n{output}"
        self.check_epochs(output)
        return ([stage_of(line) for line in lines if stage_of(line)] or [None])[-1] if stopped else None

    def repro_to_end(self):
        """Run to the end, which has to be a good one; the output."""
        running = self.start()
        output = running.stdout.read()
        assert running.wait() == 0, f"dvc repro exited {running.returncode}:\n{output}"
        self.check_epochs(output)
        return output

    def check_epochs(self, output):
        """A training that was past its first epoch in an earlier run may not be in it again."""
        for part in re.split(r"(?=^Running stage ')", output, flags=re.MULTILINE):
            stage = stage_of(part.split("\n")[0])
            assert stage not in self.past_first_epoch or "Epoch 1/" not in part, (
                f"{stage} began again at zero:\n{output}"
            )
            if "Epoch 2/" in part:
                self.past_first_epoch.add(stage)

    def files(self):
        """Every file of the project, of DVC's cache and of the temporary folder, with a digest: {path: hex}."""
        return files_of(self.folder) | {
            f"temporary {name}": digest for name, digest in files_of(self.temporary).items()
        }


def files_of(folder):
    """Every file of a folder, but what git, DVC and Python note for themselves, with a digest: {path: hex}."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not re.match(r"\.git/|\.dvc/tmp/|(.*/)?__pycache__/", name):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def assert_same(files, expected):
    """Compare what `files_of` gave."""
    assert sorted(set(files) - set(expected)) == [], "stray files"
    assert sorted(set(expected) - set(files)) == [], "files are missing"
    different = [name for name in files if files[name] != expected[name]]
    assert different == [], f"other bytes: {different}"


def stage_of(line):
    found = re.match(r"Running stage '(.+)':", line)
    return found and found[1]


def kill_in_every_stage(victim, usual_seconds, seed, stages=None):
    """Kill one `dvc repro` after another, each in the next stage, at a random moment and with a random signal.

    Args:
        usual_seconds: what `repro_timed` gave.
        seed: of the draw.
        stages: where; all of them if None.

    Returns:
        what was done, a line for each kill.
    """
    draw = random.Random(seed)
    done = []
    for stage in stages or usual_seconds:
        how, delay = draw.choice(SIGNALS), draw.random() * usual_seconds[stage]
        while not (landed := victim.repro_killed(stage, delay, how)):
            victim.forget()  # all had ended before: begin anew, and kill sooner
            delay /= 2
        done.append(f"{how.name} {delay:.2f} s into {stage}" + f" (in {landed} by then)" * (landed != stage))
        print(done[-1], flush=True)
    return done


def _await_end(group):
    limit = time.monotonic() + _ENDED
    while time.monotonic() < limit:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError(f"something of the killed dvc repro was still running after {_ENDED} s")
