"""The notebook runs from top to bottom, and its stored outputs are those of the present code."""

import os
import re
import subprocess
import sys

import graph
import nbformat
import pytest
import refresh_notebook
from project import write_competition

REFRESH = f"run: {refresh_notebook.COMMAND}"


def outputs(notebook, name):
    """Return the outputs of the cell with an id."""
    return next(cell for cell in notebook.cells if cell.id == name).outputs


def printed(notebook, name):
    return "".join(output.text for output in outputs(notebook, name))


def test_the_notebook_uses_no_stage():
    assert not [file for file in graph.source_files(refresh_notebook.path()) if file.parent.name == "stages"]


def test_what_is_stored_is_small_and_free_of_what_changes_from_run_to_run():
    text = refresh_notebook.path().read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000
    notebook = refresh_notebook.load()
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}, REFRESH
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
            kinds = {"text/plain", "text/html", "image/png", "application/vnd.plotly.v1+json"}
            assert output.get("data", {}).keys() <= kinds, cell.id
    assert {"application/vnd.plotly.v1+json", "image/png"} <= outputs(notebook, "plotly")[0].data.keys()


def alternative_texts(notebook):
    """Return the alternative text of each picture, None where it has none."""
    found = [output for cell in refresh_notebook.code_cells(notebook) for output in cell.outputs]
    return [
        output.metadata.get("image/png", {}).get("alt") for output in found if "image/png" in output.get("data", {})
    ]


def test_every_picture_has_an_alternative_text_of_its_own():
    texts = alternative_texts(refresh_notebook.load())
    assert len(texts) > 5 and all(len(text or "") > 20 for text in texts), texts
    assert len(set(texts)) == len(texts), "two pictures have the same alternative text"


@pytest.mark.slow  # imports TensorFlow
def test_the_figures_of_its_text_are_those_of_the_code(backend):
    from digits.handwriting import mnist_frame
    from digits.model import network, optimizer, prediction

    model = network.build(width=2, dropout=0)
    layers = {type(layer).__name__: layer for layer in model.layers}
    kernels = [layer.kernel for layer in model.layers if type(layer).__name__ == "Conv2D"]
    trained_by_muon = [not optimizer.Muon()._should_use_adamw(kernel) for kernel in kernels]
    facts = {
        f"{mnist_frame.BOX} pixels on its longer side": True,
        f"the middle of {mnist_frame.SIDE}×{mnist_frame.SIDE} pixels": True,
        "28×28 = 784 pixels": layers["Rescaling"].input.shape[1:] == (28, 28),
        "divides by 255": layers["Rescaling"].scale == 1 / 255,
        "the largest of each four neighbouring numbers": layers["MaxPooling2D"].pool_size == (2, 2),
        "shifted by one pixel to each side": {*prediction.TTA_SHIFTS} == {(1, 0), (-1, 0), (0, 1), (0, -1)},
        "for all convolutions but the first": trained_by_muon == [False, True, True, True, True],
    }
    text = "\n".join(cell.source for cell in refresh_notebook.load().cells if cell.cell_type == "markdown")
    assert {fact: (fact in text, holds) for fact, holds in facts.items()} == dict.fromkeys(facts, (True, True))


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
    assert all(alternative_texts(fresh))
    exact = True
    for new, old in zip(fresh.cells, stored.cells, strict=True):
        exact = exact and new.id != "untrained"  # from there on, processors round differently
        assert new.id == old.id and len(new.get("outputs", [])) == len(old.get("outputs", [])), REFRESH
        for one, other in zip(new.get("outputs", []), old.get("outputs", []), strict=True):
            assert refresh_notebook.same_output(one, other, exact), (
                f"{new.id} no longer gives what is stored; {REFRESH}"
            )


@pytest.mark.faults  # trains
def test_it_also_runs_on_kaggles_files_in_data_incoming(make_project, few_digits):
    project = make_project()
    images, labels = few_digits
    write_competition(project / "data/incoming", images, labels, images[:30])
    notebook = refresh_notebook.load()
    for cell in refresh_notebook.code_cells(notebook):
        cell.source = cell.source.replace('source = "sample"', 'source = "incoming"').replace(
            "epochs = 8", "epochs = 1"
        )
    refresh_notebook.run(notebook, project.folder, project.environment)
    assert "labelled images:   (200, " in printed(notebook, "read")
    assert "unlabelled images: (30, " in printed(notebook, "read")
    assert not outputs(notebook, "evaluate-submission"), "no one but Kaggle has the labels"
