"""The notebook runs from top to bottom, and its stored outputs are those of the present code."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import graph
import nbformat
import pytest
import refresh_notebook

REFRESH = f"run: {refresh_notebook.COMMAND}"


def outputs(notebook, name):
    """Return the outputs of the cell with an id."""
    return next(cell for cell in notebook.cells if cell.id == name).outputs


def printed(notebook, name):
    return "".join(output.text for output in outputs(notebook, name))


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


@pytest.fixture(scope="module")
def now():
    """Return what new outputs would be made from."""
    return refresh_notebook.made_from()


def test_the_stored_outputs_are_those_of_the_present_code(now):
    stored = refresh_notebook.load().metadata.get("made_from", {})
    changed = [name for name in sorted(stored.keys() | now.keys()) if stored.get(name) != now.get(name)]
    assert not changed, f"digit_recognition.ipynb shows outputs from before a change of {', '.join(changed)}; {REFRESH}"


@pytest.mark.parametrize(
    ("file", "change", "noticed"),
    [
        ("digit_recognition.ipynb", ("epochs = ", "epochs = 1"), ["digit_recognition.ipynb"]),
        ("digit_recognition.ipynb", ("step by step", "one by one"), []),
        ("digits/model/augmentation.py", ("SIDE = 28", "SIDE = 30"), ["digits/model/augmentation.py"]),
        ("digits/model/optimizer.py", ("learning rate", "step"), ["digits/model/optimizer.py"]),
        ("digits/handwriting/drawing_page.py", ("HEADERS", "FIELDS"), []),
        ("requirements.txt", ("\nkeras==", "\nkeras==9."), ["keras"]),
        ("requirements.txt", ("\npytest==", "\npytest==9."), []),
    ],
    ids=["a cell", "a text", "a module", "a module behind another", "another module", "a package", "another package"],
)
def test_a_change_that_matters_makes_the_outputs_old(file, change, noticed, now, tmp_path, monkeypatch):
    shutil.copytree(graph.ROOT / "digits", tmp_path / "digits")
    for name in ("digit_recognition.ipynb", "requirements.txt"):
        shutil.copy(graph.ROOT / name, tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / file).write_text(text.replace(*change), encoding="utf-8")
    monkeypatch.setattr(graph, "ROOT", tmp_path)
    after = refresh_notebook.made_from()
    assert [name for name in now if now[name] != after[name]] == noticed and now.keys() == after.keys()


def test_the_notebook_uses_no_stage():
    assert not [file for file in graph.source_files(refresh_notebook.path()) if file.parent.name == "stages"]


def test_what_is_stored_is_small_and_free_of_what_changes_from_run_to_run():
    text = refresh_notebook.path().read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000
    notebook = refresh_notebook.load()
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "made_from"}, REFRESH
    assert notebook.metadata["kernelspec"]["name"] == "python3" and notebook.metadata["language_info"] == {
        "name": "python"
    }, REFRESH
    cells = refresh_notebook.code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), REFRESH
    assert not [cell.id for cell in cells if cell.metadata], REFRESH
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type in ("stream", "display_data", "execute_result"), f"{cell.id} failed"
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            assert output.get("name") != "stderr" and not re.search(r"\b[Ww]arning", text), f"{cell.id}: {text}"
            local = r"(^|[\s'\"(])/\w|\d+ms/|0x[0-9a-f]{6}|\.work|[A-Z]:\\"  # paths, times, addresses in memory
            assert not re.search(local, text), f"{cell.id}: {text}"
            kinds = {"text/plain", "image/png", "application/vnd.plotly.v1+json"}
            assert output.get("data", {}).keys() <= kinds, cell.id
    assert any(
        "application/vnd.plotly.v1+json" in output["data"] and "image/png" in output["data"]
        for output in outputs(notebook, "plotly")
    )


@pytest.mark.parametrize("without", ["the project", "its packages"])
def test_without_the_project_or_its_packages_the_first_cell_says_how_to_open_the_notebook(without, tmp_path):
    first = refresh_notebook.code_cells(refresh_notebook.load())[0].source
    python, folder = ([sys.executable], tmp_path) if without == "the project" else ([sys.executable, "-S"], graph.ROOT)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run([*python, "-c", first], cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    error = ran.stderr.splitlines()[-1]
    assert error.startswith("ImportError: No module named")
    assert "`make notebook`" in error and ".venv/bin/python" in error


@pytest.mark.faults  # trains; the stored outputs, which the tests above check, come from the same run
def test_it_runs_from_top_to_bottom_and_changes_no_other_file(make_project):
    project = make_project()

    def tree():
        paths = (path for path in project.folder.rglob("*") if path.is_file())
        files = {str(path.relative_to(project.folder)): path.read_bytes() for path in paths}
        return {name: files[name] for name in files if "__pycache__" not in name and not name.startswith(".dvc/tmp/")}

    before = tree()
    project.run(*refresh_notebook.COMMAND.split())
    after = tree()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed <= {"digit_recognition.ipynb"}

    fresh, stored = nbformat.read(project / "digit_recognition.ipynb", as_version=4), refresh_notebook.load()
    for cell, pattern, total in [
        ("measure-held-out", r"(\d+) of (\d+) held-out images", 1050),
        ("evaluate-submission", r"(\d+) of (\d+)", 1500),
    ]:
        correct, images = map(int, re.search(pattern, printed(fresh, cell)).groups())
        assert images == total and correct / images >= 0.97
    assert printed(fresh, "read-photo").startswith("a 2, ")
    exact = True
    for new, old in zip(fresh.cells, stored.cells, strict=True):
        exact = exact and new.id != "untrained"  # from there on, processors round differently
        assert new.id == old.id and len(new.get("outputs", [])) == len(old.get("outputs", [])), REFRESH
        for one, other in zip(new.get("outputs", []), old.get("outputs", []), strict=True):
            assert refresh_notebook.same_output(one, other, exact), (
                f"{new.id} no longer gives what is stored; {REFRESH}"
            )


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
