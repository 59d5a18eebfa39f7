"""The notebook: it runs from top to bottom, and what is stored of it is what it gives."""

import base64
import io
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
import numpy as np
import pytest
import refresh_notebook
from PIL import Image

REFRESH = f"run: {refresh_notebook.COMMAND}"
FIRST_TO_CALCULATE = "untrained"  # from this cell on, another processor's rounding may show


def outputs(notebook, name):
    """The outputs of the cell with that id."""
    return next(cell for cell in notebook.cells if cell.id == name).outputs


def printed(notebook, name):
    return "".join(output.text for output in outputs(notebook, name))


def pixels(output):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))).convert("L"), np.float32)


def fetched(address):
    """What a server answers that may not listen yet when it names its address."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            refused = error
            time.sleep(0.1)
    raise refused


def kinds(cell):
    """What sorts of outputs a cell has, and the words, without the numbers, of what it prints."""
    return [
        (output.output_type, re.sub(r"[\d.,%=\s]+", " ", output.text) if "text" in output else sorted(output.data))
        for output in cell.outputs
    ]


@pytest.fixture(scope="module")
def now():
    """What fresh outputs would be made from."""
    return refresh_notebook.made_from()


def test_the_stored_outputs_are_as_new_as_the_code(now):
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
            said = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            assert output.get("name") != "stderr" and not re.search(r"\b[Ww]arning", said), f"{cell.id} says: {said}"
            assert not re.search(r"(^|[\s'\"(])/\w|\d+ms/|0x[0-9a-f]{6}|\.work|[A-Z]:\\", said), (
                f"{cell.id} says: {said}"
            )
            assert output.get("data", {}).keys() <= {"text/plain", "image/png", "application/vnd.plotly.v1+json"}, (
                cell.id
            )
    assert any(
        "application/vnd.plotly.v1+json" in output["data"] and "image/png" in output["data"]
        for output in outputs(notebook, "plotly")
    )


@pytest.mark.parametrize("without", ["the project", "its packages"])
def test_in_the_wrong_place_the_notebook_says_where_it_belongs(without, tmp_path):
    first = refresh_notebook.code_cells(refresh_notebook.load())[0].source
    python, folder = ([sys.executable], tmp_path) if without == "the project" else ([sys.executable, "-S"], graph.ROOT)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run([*python, "-c", first], cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    said = ran.stderr.splitlines()[-1]
    assert (
        said.startswith("ImportError: No module named")
        and "run `make notebook` in that folder" in said
        and ".venv/bin/python" in said
    )


@pytest.mark.slow
def test_it_runs_from_top_to_bottom_and_leaves_the_rest_of_the_project_as_it_was(make_project):
    project = make_project()

    def tree():
        files = {str(path.relative_to(project.folder)): path for path in project.folder.rglob("*") if path.is_file()}
        return {
            name: path.read_bytes()
            for name, path in files.items()
            if "__pycache__" not in name and not name.startswith(".dvc/tmp/")
        }

    before = tree()
    project.run(*refresh_notebook.COMMAND.split())
    after = tree()
    assert [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] in (
        [],
        ["digit_recognition.ipynb"],
    )

    fresh, stored = nbformat.read(project / "digit_recognition.ipynb", as_version=4), refresh_notebook.load()
    right, images = map(
        int, re.search(r"(\d+) of (\d+) held-out images right", printed(fresh, "measure-held-out")).groups()
    )
    assert images == 1050 and right / images >= 0.97
    right, images = map(int, re.search(r"(\d+) of (\d+) right", printed(fresh, "judge-submission")).groups())
    assert images == 1500 and right / images >= 0.97
    assert printed(fresh, "read-photo").startswith("a 2, ")

    names = [cell.id for cell in stored.cells]
    assert [cell.id for cell in fresh.cells] == names
    for place, (new, old) in enumerate(zip(fresh.cells, stored.cells, strict=True)):
        if new.cell_type != "code":
            continue
        assert kinds(new) == kinds(old), f"{new.id} no longer gives what is stored; {REFRESH}"
        if place >= names.index(FIRST_TO_CALCULATE):
            continue
        for fresh_output, stored_output in zip(new.outputs, old.outputs, strict=True):
            if "image/png" in fresh_output.get("data", {}):
                ours, theirs = pixels(fresh_output), pixels(stored_output)
                assert ours.shape == theirs.shape and np.abs(ours - theirs).mean() < 1, (
                    f"{new.id} draws another picture; {REFRESH}"
                )
                fresh_output.data["image/png"] = stored_output.data["image/png"]
            assert fresh_output == stored_output, f"{new.id} no longer gives what is stored; {REFRESH}"


@pytest.mark.slow
def test_make_notebook_runs_the_projects_own_python_whatever_kernels_there_are(make_project, tmp_path):
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
    for made in ("packages", "ready"):  # in the order in which make makes them
        (project / ".venv" / made).touch()
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
