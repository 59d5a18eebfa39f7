"""Run digit_recognition.ipynb from top to bottom and store its outputs: `python tests/refresh_notebook.py`.

The same code on the same machine leaves the same bytes.
"""

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).parent.parent))  # as pyproject.toml does for the tests

import graph
from pictures import mean_difference

COMMAND = "python tests/refresh_notebook.py"
MAX_CELL_SECONDS = 300
_SECONDS = re.compile(r" - \d+m?s( - \d+m?s/step)?(?= - )")  # in the lines that Keras prints for an epoch


def main():
    notebook = load()
    run(notebook, graph.ROOT, os.environ)
    nbformat.write(notebook, path())


def path():
    return graph.ROOT / "digit_recognition.ipynb"


def load():
    return nbformat.read(path(), as_version=4)


def run(notebook, folder, environment):
    """Run all cells in a kernel of its own that works in `folder`; leave out of their outputs what no run repeats.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    client = NotebookClient(
        notebook,
        timeout=MAX_CELL_SECONDS,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=dict(environment), transport_encryption="auto")
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in code_cells(notebook):
        cell.outputs = [output for output in cell.outputs if not _is_native_log(output)]
        for output in cell.outputs:
            if output.output_type == "stream":
                output.text = _SECONDS.sub("", output.text)


def _is_native_log(output):
    """Tell whether an output is the log of TensorFlow's import, which has times and addresses in it."""
    return output.get("name") == "stderr" and output.text.startswith("WARNING: All log messages before absl")


def same_output(one, other, exact):
    """Compare two outputs; unless `exact`, the numbers that they print and the pixels may differ."""
    texts = [
        output.get("text", "") if exact else re.sub(r"[\d.,%=\s]+", " ", output.get("text", ""))
        for output in (one, other)
    ]
    data, stored = dict(one.get("data", {})), dict(other.get("data", {}))
    png, stored_png = (values.pop("image/png", None) for values in (data, stored))
    if exact and png and stored_png and mean_difference(png, stored_png) > 1:
        return False
    same_metadata = one.get("metadata") == other.get("metadata")  # the alternative text of a picture
    same_data = same_metadata and data == stored if exact else data.keys() == stored.keys()
    return one.output_type == other.output_type and texts[0] == texts[1] and bool(png) == bool(stored_png) and same_data


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


if __name__ == "__main__":
    sys.exit(main())
