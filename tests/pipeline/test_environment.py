"""The user's shell may have no activated virtual environment, or PYTHONSAFEPATH."""

import os
import shutil
import subprocess
import sys

import graph
import pytest


@pytest.fixture
def run_stage(tmp_path):
    """Run stages/run.sh with a stage that prints its arguments, in an empty environment."""
    (tmp_path / "stages").mkdir()
    probe = 'import os, sys\ndef main():\n    print(sys.argv[1:], os.environ.get("PYTHONSAFEPATH"))\n'
    (tmp_path / "stages/probe.py").write_text(probe)
    shutil.copy(graph.ROOT / "stages/run.sh", tmp_path / "stages")
    shutil.copytree(graph.ROOT / "digits", tmp_path / "digits")

    def run(**environment):
        command = ["/bin/sh", "stages/run.sh", "probe", "0"]
        environment["PATH"] = str(tmp_path)
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def test_a_stage_uses_the_virtual_environment_even_if_it_is_not_activated(run_stage, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    ran = run_stage(PYTHONSAFEPATH="1")
    assert (ran.stdout, ran.stderr) == ("['0'] None\n", "")


def test_without_python_a_stage_ends_in_one_line_that_says_what_to_do(run_stage):
    ran = run_stage()
    assert ran.returncode == 1 and ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert all(word in line for word in ["error: no python", "`make`", "source .venv/bin/activate"])


@pytest.mark.parametrize("script", ["predict_digit.py", "submit_to_kaggle.py"])
@pytest.mark.parametrize("cause", ["another python", "PYTHONSAFEPATH"])
def test_a_script_outside_of_the_virtual_environment_says_what_to_do(script, cause):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    command = [sys.executable, script]
    if cause == "another python":
        command.insert(1, "-S")  # without the installed packages
    else:
        environment["PYTHONSAFEPATH"] = "1"
    ran = subprocess.run(command, cwd=graph.ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith("error: No module named ")
    assert "source .venv/bin/activate" in line and "unset PYTHONSAFEPATH" in line
