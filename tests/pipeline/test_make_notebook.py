"""`make notebook` opens the notebook in JupyterLab, with this project's Python and without asking other machines."""

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
import refresh_notebook


def fetched(address):
    """Ask a server that may not listen yet when it prints its address."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            refused = error
            time.sleep(0.1)
    raise refused


@pytest.mark.slow
def test_make_notebook_runs_the_projects_own_python_also_beside_a_broken_kernel(make_project, tmp_path):
    project = make_project()
    foreign = tmp_path / ".local/share/jupyter/kernels/python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text(
        json.dumps({"argv": ["/bin/false"], "display_name": "Python 3 (ipykernel)", "language": "python"})
    )
    scripts = project / ".venv/bin"
    scripts.mkdir(parents=True)
    for program in ("jupyter", "jupyter-lab", "python"):
        (scripts / program).symlink_to(Path(sys.executable).parent / program)
    (project / ".venv/share").symlink_to(Path(sys.prefix) / "share")
    project.install()
    environment = project.environment | {"HOME": str(tmp_path), "JUPYTER_PREFER_ENV_PATH": "0"}
    command = ["make", "notebook", "FLAGS=--no-browser --allow-root --port 0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=project.folder, env=environment, start_new_session=True, **pipes) as server:
        try:
            lines = iter(server.stdout.readline, "")
            address = next(
                found for line in lines if (found := re.search(r"(http://127\.0\.0\.1:\d+)/lab(\?token=\w+)", line))
            )
            kernels = json.loads(fetched(f"{address[1]}/api/kernelspecs{address[2]}"))
            page = fetched(address[0])
        finally:
            os.killpg(server.pid, signal.SIGTERM)
    assert kernels["kernelspecs"][kernels["default"]]["spec"]["argv"][0] != "/bin/false"
    assert refresh_notebook.load().metadata["kernelspec"]["name"] in kernels["kernelspecs"]
    disabled = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])[
        "disabledExtensions"
    ]
    assert "@jupyterlab/apputils-extension:announcements" in disabled, (
        "it would ask other machines for news and updates"
    )
