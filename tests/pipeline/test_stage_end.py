"""A stage ends with the dvc that started it, also where a shell stands between the two."""

import shlex
import subprocess
import sys

import pytest

STAGE = "import time; from digits import errors; errors.run(lambda: (print('begun', flush=True), time.sleep(60), print('done')))"
DVC = "import subprocess, sys; subprocess.run(sys.argv[1:])"


@pytest.mark.parametrize("shell", [False, True], ids=["alone", "behind a shell"])
def test_a_stage_ends_with_its_dvc(monkeypatch, shell):
    monkeypatch.setenv("DVC_STAGE", "train")
    stage = [sys.executable, "-c", STAGE, "0"]  # with an argument, as a training has
    if shell:
        stage = ["/bin/sh", "-c", f"{shlex.join(stage)}; true"]  # what follows keeps the shell from becoming the stage
    dvc = subprocess.Popen([sys.executable, "-c", DVC, *stage], stdout=subprocess.PIPE, text=True)
    assert dvc.stdout.readline() == "begun\n"
    dvc.kill()
    assert dvc.stdout.read() == ""  # it ends when the stage, which has the same standard output, does
    dvc.wait()
