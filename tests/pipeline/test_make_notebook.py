"""`make notebook` opens a copy of the notebook in JupyterLab, with this project's Python and without other machines."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

STORED, COPY = "digit_recognition.ipynb", "my_notebook.ipynb"


def test_the_copy_is_ignored_by_git_and_never_overwritten(make_project):
    project = make_project()
    project.install()
    project.run("make", COPY)
    assert (project / COPY).read_bytes() == (project / STORED).read_bytes()
    (project / COPY).write_text("mine")
    (project / STORED).touch()
    project.run("make", COPY)
    assert (project / COPY).read_text() == "mine"
    assert project.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_make_notebook_runs_the_projects_own_python_also_beside_a_broken_kernel(make_project, tmp_path):
    project = make_project()
    foreign = tmp_path / ".local/share/jupyter/kernels/python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}')
    scripts = project / ".venv/bin"
    scripts.mkdir(parents=True)
    for program in ("jupyter", "jupyter-lab", "python"):
        (scripts / program).symlink_to(Path(sys.executable).parent / program)
    project.install()
    environment = project.environment | {"HOME": str(tmp_path), "JUPYTER_PREFER_ENV_PATH": "0"}
    command = ["make", "notebook", "FLAGS=--no-browser --allow-root --port 0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=project.folder, env=environment, start_new_session=True, **pipes) as server:
        try:
            lines = iter(server.stdout.readline, "")
            found = (re.search(r"(http://127\.0\.0\.1:\d+)/lab(?:/tree/\S+)?(\?token=\w+)", line) for line in lines)
            address, token = next(filter(None, found)).groups()
            kernels = json.loads(_get(f"{address}/api/kernelspecs{token}"))
            page = _get(f"{address}/lab{token}")
        finally:
            os.killpg(server.pid, signal.SIGTERM)
    kernel = kernels["kernelspecs"][json.loads((project / COPY).read_text())["metadata"]["kernelspec"]["name"]]
    assert kernel["spec"]["argv"][0] != "/bin/false"
    disabled = re.search(r'"disabledExtensions": \[([^\]]*)\]', page)[1]
    assert "apputils-extension:announcements" in disabled, "it would ask other machines for news and updates"


def _get(address):
    """Ask a server that may not listen yet when it prints its address."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            refused = error
            time.sleep(0.1)
    raise refused
