"""`make` without a Python that TensorFlow supports, and in a folder that is no Git repository."""

import os
import shutil
import subprocess

import graph


def test_an_unsupported_python_gets_a_line_that_says_which_are_supported(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("make", "bash", "touch"):
        (tools / tool).symlink_to(shutil.which(tool))
    for python in ("python", "python3", "python3.11"):
        (tools / python).write_text("#!/bin/sh\necho 3.9\n")
        (tools / python).chmod(0o755)
    (tools / "git").write_text("#!/bin/sh\n")  # all is well
    (tools / "git").chmod(0o755)
    shutil.copy(graph.ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    ran = subprocess.run(["make"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True)
    assert ran.returncode != 0 and ran.stdout == ""
    assert (
        ran.stderr.splitlines()[0]
        == "error: no Python that TensorFlow supports was found; install one of 3.11 3.12 3.13"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_download_without_its_repository_gets_a_line_that_says_what_to_do(tmp_path):
    shutil.copy(graph.ROOT / "Makefile", tmp_path)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CEILING_DIRECTORIES": str(tmp_path.parent),
    }  # and not that of a `make test`
    ran = subprocess.run(["make"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode != 0 and ran.stdout == ""
    line = ran.stderr.splitlines()[0]
    assert line.startswith("error: this folder is no Git repository") and "git init && git add -A && git commit" in line
    assert not (tmp_path / ".venv").exists()
