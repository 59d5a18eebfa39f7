"""The stored notebook is small and readable, and its network is the project's; nbmake runs it each night."""

import re

import graph
import pytest

PATH = graph.ROOT / "digit_recognition.ipynb"
REFRESH = "run: make refresh-notebook"
KINDS = {"text/plain", "text/html", "image/png", "application/vnd.plotly.v1+json"}


@pytest.fixture(scope="module")
def notebook():
    import nbformat  # here, since it takes seconds in each test process

    notebook = nbformat.read(PATH, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.fixture(scope="module")
def code(notebook):
    """The code cells: {id: cell}."""
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}


def test_the_stored_outputs_are_those_of_one_run_and_small(code):
    assert PATH.stat().st_size < 1_000_000
    assert [cell.execution_count for cell in code.values()] == list(range(1, len(code) + 1)), REFRESH
    for cell in code.values():
        assert all(output.get("data", {}).keys() <= KINDS for output in cell.outputs), f"{cell.id}: {REFRESH}"


def test_the_stored_outputs_have_no_error_no_warning_and_no_local_path(code):
    for output in (output for cell in code.values() for output in cell.outputs):
        assert output.output_type != "error" and output.get("name") != "stderr", f"{output}; {REFRESH}"
        text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
        assert not re.search(r"\b[Ww]arning|(^|[\s'\"(])/\w|0x[0-9a-f]{6}|[A-Z]:\\", text), f"{text}; {REFRESH}"


def test_each_picture_has_an_alternative_text_of_its_own(code):
    outputs = [output for cell in code.values() for output in cell.outputs if "image/png" in output.get("data", {})]
    texts = [output.metadata.get("image/png", {}).get("alt", "") for output in outputs]
    assert len(texts) > 5 and all(len(text) > 20 for text in texts), texts
    assert len(set(texts)) == len(texts), "two pictures have the same alternative text"


def test_each_chapter_ends_with_an_exercise_and_its_solution(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    chapters = re.split(r"^## \d+\. ", text, flags=re.MULTILINE)[1:]
    assert len(chapters) > 10
    for chapter in chapters:
        assert "\n**Exercise.** " in chapter and "<details><summary>Solution</summary>" in chapter, chapter[:40]
        for solution in re.findall(r"^```python\n(.+?)^```", chapter, re.MULTILINE | re.DOTALL):
            compile(solution, chapter[:40], "exec")


def test_nothing_is_installed_where_the_project_is(code):
    assert code["install"].source.startswith('from pathlib import Path\n\nif not Path("digits/model").is_dir():')
    assert (graph.ROOT / "digits/model").is_dir() and not code["install"].outputs


@pytest.mark.slow  # builds two networks
def test_the_layers_that_it_shows_are_those_of_the_project(backend, code):
    from digits.model import network

    names = {"keras": backend.keras}
    exec(code["build-network"].source, names)
    shown, built = (build(width=4, dropout=0.2) for build in (names["build_network"], network.build))
    assert [_settings(layer) for layer in shown.layers] == [_settings(layer) for layer in built.layers]


def _settings(layer):
    own = {name: value for name, value in layer.get_config().items() if name not in ("name", "dtype")}
    return type(layer).__name__, own, layer.output.shape
