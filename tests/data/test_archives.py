"""Arrays of somebody else's are refused in one line, and nothing is ever unpickled, here or anywhere in the project."""

import ast
import hashlib
import io
import os
import pickle

import graph
import numpy as np
import pytest

from digits.data import arrays
from digits.errors import InputError


class Canary:
    """Unpickled, it leaves a file."""

    def __reduce__(self):
        return os.system, ("touch canary",)


GOOD = {"images": np.zeros((4, 28, 28), np.uint8), "labels": np.zeros(4, np.uint8), "fold": np.zeros(4, np.int8)}


def written(save, *arrays, **named):
    buffer = io.BytesIO()
    save(buffer, *arrays, **named)
    return buffer.getvalue()


def claiming(archive):
    """Let the first array claim 10¹² images."""
    return archive.replace(b"'shape': (4, 28, 28), }" + b" " * 12, b"'shape': (1000000000000, 28, 28), }")


ARRAYS = {
    "objects": (
        written(np.savez, **GOOD | {"labels": np.array([Canary()] * 4, object)}),
        "Object arrays cannot be loaded",
    ),
    "a pickle": (pickle.dumps(Canary()), "pickled"),
    "another dtype": (written(np.savez, **GOOD | {"images": np.zeros((4, 28, 28))}), "images is float64 (4, 28, 28)"),
    "another shape": (
        written(np.savez, **GOOD | {"images": np.zeros((4, 27, 27), np.uint8)}),
        "images is uint8 (4, 27, 27)",
    ),
    "other lengths": (written(np.savez, **GOOD | {"fold": np.zeros(5, np.int8)}), "differ in length"),
    "a number": (written(np.savez, **GOOD | {"fold": np.int8(0)}), "fold is int8 ()"),
    "an array missing": (written(np.savez, images=GOOD["images"], labels=GOOD["labels"]), "fold"),
    "one array alone": (written(np.save, GOOD["images"]), ""),
    "cut": (written(np.savez, **GOOD)[:2000], ""),
    "damaged": (written(np.savez, **GOOD).replace(bytes(100), b"\1" * 100, 1), "CRC"),
    "empty": (b"", ""),
    "noise": (np.random.default_rng(0).bytes(5000), ""),
    "a claim of 10¹² images": (claiming(written(np.savez, **GOOD)), ""),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_hostile_arrays_are_refused_in_one_line_and_never_unpickled(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    content, words = ARRAYS[kind]
    (tmp_path / "labelled.npz").write_bytes(content)
    with pytest.raises(InputError) as refused:
        arrays.load_labelled("labelled.npz")
    message = str(refused.value)
    assert (
        message.isprintable()
        and message.startswith("labelled.npz is damaged")
        and words in message
        and "dvc repro" in message
    )
    assert os.listdir() == ["labelled.npz"]


def test_the_same_arrays_are_the_same_bytes_with_any_python(tmp_path):
    """The digest is that of Python 3.11.2 and 3.11.7, between which those of `numpy.savez` changed."""
    arrays.save(tmp_path / "labelled.npz", **GOOD)
    content = (tmp_path / "labelled.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "32b98eddca5868c2aef38d3a5b660e9d031787de200f2b3a42c2596fc25af5db"
    labelled = arrays.load_labelled(tmp_path / "labelled.npz")
    assert all(np.array_equal(array, GOOD[name]) for name, array in labelled._asdict().items())


def test_missing_arrays_are_said(tmp_path):
    with pytest.raises(InputError, match="unlabelled.npz is missing; `dvc repro` makes it"):
        arrays.load_unlabelled(tmp_path / "unlabelled.npz")


def test_no_code_of_the_project_unpickles_or_evaluates():
    """In any file but the tests: no module that unpickles, no NumPy or YAML reader that does, no model without safe mode."""
    forbidden = {
        "pickle",
        "_pickle",
        "cPickle",
        "cloudpickle",
        "dill",
        "joblib",
        "shelve",
        "marshal",
        "torch",
        "pandas.read_pickle",
    }
    loads = []
    for path in graph.tracked_files("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + (
                    [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
                )
                assert not forbidden & {name.split(".")[0] for name in names}, path
            if not isinstance(node, ast.Call):
                continue
            called, options = (
                ast.unparse(node.func),
                {option.arg: ast.unparse(option.value) for option in node.keywords},
            )
            assert called not in (
                "eval",
                "exec",
                "compile",
                "__import__",
                "os.system",
                "yaml.load",
                "yaml.unsafe_load",
                "yaml.full_load",
            ), (path, called)
            assert options.get("allow_pickle", "False") == "False", path
            assert options.get("shell", "False") == "False", path
            if called.endswith("load_model"):
                loads.append(path)
                assert options["safe_mode"] == "True" and options["compile"] == "False"
            assert not called.endswith(("enable_unsafe_deserialization", "load_weights")), path
    assert loads == [graph.ROOT / "digits/model/network.py"]
