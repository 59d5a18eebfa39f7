"""A project folder that tests run commands in."""

import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import yaml

from digits.data import kaggle_csv
from digits.settings import Settings

TINY = {"epochs": 2, "batch_size": 256, "network.width": 2}  # settings that train in seconds

_IDENTITY = {f"GIT_{role}_{what}": "tests@localhost" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def heed_interrupts():
    """Let SIGINT end a new process, as at a terminal: a shell's background, where the tests may run, ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Project:
    def __init__(self, folder):
        self.folder = Path(folder)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KAGGLE")}
        inherited.pop("TF_CPP_MIN_LOG_LEVEL", None)  # a test that imported our backend has set it
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = inherited | _IDENTITY | {"PATH": path}

    def __truediv__(self, name):
        return self.folder / name

    def install(self):
        """Pretend that `make` has set up the virtual environment."""
        (self / ".venv").mkdir(exist_ok=True)
        for name in ("ready", "dev-ready", "export-ready", "cluster-ready"):
            (self / ".venv" / name).touch()

    def run(self, *command, check=True, before_start=None, **environment):
        """Run a command in the folder; its output, both streams, is in `.stdout`.

        `before_start` is called in the new process before it becomes the command.
        """
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=before_start,
        )
        assert not check or ran.returncode == 0, f"{' '.join(command)} exited {ran.returncode}:\n{ran.stdout}"
        return ran

    def start(self, *command):
        """Start a command in the folder, with a process group of its own; both of its streams are in `.stdout`."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )

    def git(self, *arguments):
        return self.run("git", *arguments).stdout

    def repro(self, *arguments):
        """`dvc repro`: the names of the stages that ran, in their order."""
        return stages_run(self.run("dvc", "repro", *arguments).stdout)

    def set(self, **settings):
        """Change params.yaml; a dotted name reaches into a section: `set(**{"split.test": 0.2})`."""
        values = yaml.safe_load((self / "params.yaml").read_text())
        for name, value in settings.items():
            section = values
            *path, key = name.split(".")
            for part in path:
                section = section[part]
            assert key in section, f"params.yaml has no {name}"
            section[key] = value
        (self / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))

    def locked(self):
        """The stages of dvc.lock: {name: entry}."""
        return yaml.safe_load((self / "dvc.lock").read_text())["stages"]


def write_settings(folder, settings=None):
    """Write params.yaml, with the default settings, which are those of the tests, or with others."""
    values = (settings or Settings()).model_dump()
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))


def write_competition(folder, images, labels, unlabelled):
    """Write Kaggle's three files with these images and labels; the sample submission has zeros."""
    kaggle_csv.write_train(folder / "train.csv", images, labels)
    kaggle_csv.write_test(folder / "test.csv", unlabelled)
    kaggle_csv.write_submission(folder / "sample_submission.csv", np.zeros(len(unlabelled), np.uint8))


def run_stages(*commands):
    """Run stages, such as "train 0", here and in the current folder: started as a command, TensorFlow takes seconds."""
    for name, *arguments in map(str.split, commands):
        with mock.patch("sys.argv", [name, *arguments]):
            importlib.import_module(f"stages.{name}").main()


def stages_run(output):
    return re.findall(r"^Running stage '(.+)':$", output, re.MULTILINE)
