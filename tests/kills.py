"""Kill `dvc repro` and its children at random moments, and compare the results of the next run."""

import hashlib
import os
import random
import re
import shutil
import signal
import time

from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils import strictyaml
from project import Project

SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
END_TIMEOUT = 30  # seconds after which a killed process group counts as hung


class Victim(Project):
    """A copy of a project without its results, with its own temporary folder and site cache of DVC."""

    def __init__(self, original, folder, name="clone"):
        shutil.copytree(original.folder, folder / name, symlinks=True)
        super().__init__(folder / name)
        self.forget()
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.environment |= {"TMPDIR": str(self.temporary), "DVC_SITE_CACHE_DIR": str(folder / "site")}

    def forget(self):
        """Delete all results: the next run begins at the first stage."""
        results = ["data/raw", "data/prepared", "data/predictions", "models", "reports"]
        for folder in [*results, ".work", ".dvc/cache", ".dvc/tmp"]:
            shutil.rmtree(self / folder, ignore_errors=True)
        (self / "dvc.lock").unlink(missing_ok=True)
        self.past_first_epoch = set()

    def start_repro(self):
        self.recover()
        return self.start("dvc", "repro")

    def recover(self):
        """Do what docs/recovery.md says if a kill has interrupted DVC while it wrote one of its own files."""
        rwlock, lock = self / ".dvc/tmp/rwlock", self / "dvc.lock"
        if rwlock.exists() and not rwlock.read_text().endswith("}"):
            rwlock.unlink()
        if lock.exists() and not _is_complete(lock):
            lock.unlink()  # there is none in Git; the results are in the cache

    def repro_timed(self):
        """Run to the end, and return the seconds of each stage, DVC's bookkeeping included."""
        running, began = self.start_repro(), {}
        for line in running.stdout:
            if stage := stage_of(line):
                began[stage] = time.monotonic()
        assert running.wait() == 0
        ends = [*began.values(), time.monotonic()][1:]
        return {stage: end - began[stage] for stage, end in zip(began, ends, strict=True)}

    def repro_killed(self, stage, delay, how):
        """Run, and kill the whole process group `delay` seconds after the stage has begun.

        Returns:
            the stage that ran at that moment, or None if the run had ended before or the stage did not run.
        """
        running, lines, stopped = self.start_repro(), [], None
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
        assert stopped or status == 0, f"dvc repro failed without a kill:\n{output}"
        self.check_epochs(output)
        return ([stage_of(line) for line in lines if stage_of(line)] or [None])[-1] if stopped else None

    def repro_to_end(self):
        """Run to the end, which must succeed, and return the output."""
        running = self.start_repro()
        output = running.stdout.read()
        assert running.wait() == 0, f"dvc repro exited {running.returncode}:\n{output}"
        self.check_epochs(output)
        return output

    def check_epochs(self, output):
        """Check that no training repeats its first epoch after an earlier run finished it.

        A training that has ended has no checkpoint any more: if DVC is killed before it records the model, it restarts.
        """
        for part in re.split(r"(?=^Running stage ')", output, flags=re.MULTILINE):
            stage = stage_of(part.split("\n")[0])
            assert stage not in self.past_first_epoch or "Epoch 1/" not in part, (
                f"{stage} restarted at the first epoch:\n{output}"
            )
            if "Epoch 2/" in part:
                self.past_first_epoch.add(stage)
            if re.search(r"Epoch (\d+)/\1\n.*val_loss", part):
                self.past_first_epoch.discard(stage)

    def files(self):
        """Hash every file of the project, of DVC's cache and of the temporary folder: {path: hex}."""
        return files_of(self.folder) | {
            f"temporary {name}": digest for name, digest in files_of(self.temporary).items()
        }


def files_of(folder):
    """Hash every file of a folder, except the internal ones of Git, DVC and Python: {path: hex}."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not re.match(r"\.git/|\.dvc/tmp/|(.*/)?__pycache__/", name):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def assert_same(files, expected):
    """Compare two results of `files_of`."""
    assert sorted(set(files) - set(expected)) == [], "stray files"
    assert sorted(set(expected) - set(files)) == [], "files are missing"
    different = [name for name in files if files[name] != expected[name]]
    assert different == [], f"other bytes: {different}"


def _is_complete(lock):
    try:
        strictyaml.load(str(lock), COMPILED_LOCKFILE_SCHEMA)
    except (strictyaml.YAMLSyntaxError, strictyaml.YAMLValidationError):
        return False
    return True


def stage_of(line):
    found = re.match(r"Running stage '(.+)':", line)
    return found and found[1]


def kill_in_every_stage(victim, usual_seconds, seed):
    """Kill one `dvc repro` after another, each in the next stage, at a random moment and with a random signal.

    Args:
        usual_seconds: the result of `repro_timed`.
        seed: of the random numbers.

    Returns:
        a line for each kill.
    """
    rng = random.Random(seed)
    done = []
    for stage in usual_seconds:
        how, delay = rng.choice(SIGNALS), rng.random() * usual_seconds[stage]
        while not (landed := victim.repro_killed(stage, delay, how)):
            victim.forget()  # the run had ended before: start again, and kill sooner
            delay /= 2
        done.append(f"{how.name} {delay:.2f} s into {stage}" + f" (in {landed} by then)" * (landed != stage))
        print(done[-1], flush=True)
    return done


def _await_end(group):
    limit = time.monotonic() + END_TIMEOUT
    while time.monotonic() < limit:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError(f"a child of the killed dvc repro was still running after {END_TIMEOUT} s")
