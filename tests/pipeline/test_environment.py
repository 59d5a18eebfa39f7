"""What a user's shell may be like: no activated environment, or with PYTHONSAFEPATH."""

import os
import shutil
import subprocess
import sys

import graph
import pytest

PROBE = 'import os, sys\nprint(sys.argv[1:], os.environ.get("PYTHONSAFEPATH"))\n'


@pytest.fixture
def folder(tmp_path):
    """A folder with a stage that prints its arguments, and `stages/run.sh`."""
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/probe.py").write_text(PROBE)
    shutil.copy(graph.ROOT / "stages/run.sh", tmp_path / "stages")
    return tmp_path


def run_probe(folder, **environment):
    return subprocess.run(
        ["/bin/sh", "stages/run.sh", "probe", "0"], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_a_stage_takes_the_python_of_the_projects_environment_also_where_it_is_not_activated(folder):
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    ran = run_probe(folder, PATH=str(folder), PYTHONSAFEPATH="1")
    assert (ran.stdout, ran.stderr) == ("['0'] None\n", "")


def test_without_any_python_a_stage_says_what_to_do(folder):
    ran = run_probe(folder, PATH=str(folder))
    assert ran.returncode == 1 and ran.stdout == ""
    assert (
        ran.stderr == "error: no python was found; `make` sets up .venv, and `source .venv/bin/activate` selects it\n"
    )


@pytest.mark.parametrize("script", ["predict_digit.py", "submit_to_kaggle.py"])
@pytest.mark.parametrize("hindrance", ["another python", "PYTHONSAFEPATH"])
def test_a_script_outside_of_the_environment_says_what_to_do(script, hindrance):
    command = [sys.executable, "-S", script] if hindrance == "another python" else [sys.executable, script]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONSAFEPATH": "1"}
    if hindrance == "another python":
        del environment["PYTHONSAFEPATH"]
    ran = subprocess.run(command, cwd=graph.ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1 and len(ran.stderr.splitlines()) == 1
    assert (
        ran.stderr.startswith("error: No module named ")
        and "source .venv/bin/activate" in ran.stderr
        and "unset PYTHONSAFEPATH" in ran.stderr
    )
