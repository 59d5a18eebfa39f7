"""The archives between the stages: invalid ones are refused in one line, and nothing in the project unpickles."""

import ast
import hashlib
import io
import os
import pickle

import graph
import numpy as np
import pytest

from digits import arrays
from digits.errors import InputError


class Canary:
    """Creates a file when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch canary",)


GOOD = {"images": np.zeros((4, 28, 28), np.uint8), "labels": np.zeros(4, np.uint8), "fold": np.zeros(4, np.int8)}


def saved(save, *arrays, **named):
    buffer = io.BytesIO()
    save(buffer, *arrays, **named)
    return buffer.getvalue()


def with_large_shape(archive):
    """Set the first array's shape to 10¹² images."""
    return archive.replace(b"'shape': (4, 28, 28), }" + b" " * 12, b"'shape': (1000000000000, 28, 28), }")


ARRAYS = {
    "objects": (
        saved(np.savez, **GOOD | {"labels": np.array([Canary()] * 4, object)}),
        "Object arrays cannot be loaded",
    ),
    "a pickle": (pickle.dumps(Canary()), "pickled"),
    "another dtype": (saved(np.savez, **GOOD | {"images": np.zeros((4, 28, 28))}), "images is float64 (4, 28, 28)"),
    "another shape": (
        saved(np.savez, **GOOD | {"images": np.zeros((4, 27, 27), np.uint8)}),
        "images is uint8 (4, 27, 27)",
    ),
    "other lengths": (saved(np.savez, **GOOD | {"fold": np.zeros(5, np.int8)}), "differ in length"),
    "a scalar": (saved(np.savez, **GOOD | {"fold": np.int8(0)}), "fold is int8 ()"),
    "a missing array": (saved(np.savez, images=GOOD["images"], labels=GOOD["labels"]), "fold"),
    "a single array": (saved(np.save, GOOD["images"]), ""),
    "truncated": (saved(np.savez, **GOOD)[:2000], ""),
    "damaged": (saved(np.savez, **GOOD).replace(bytes(100), b"\1" * 100, 1), "CRC"),
    "empty": (b"", ""),
    "noise": (np.random.default_rng(0).bytes(5000), ""),
    "a shape of 10¹² images": (with_large_shape(saved(np.savez, **GOOD)), ""),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_invalid_archive_is_refused_in_one_line_and_never_unpickled(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    content, fact = ARRAYS[kind]
    (tmp_path / "labelled.npz").write_bytes(content)
    with pytest.raises(InputError) as refused:
        arrays.load_labelled("labelled.npz")
    message = str(refused.value)
    assert message.startswith("labelled.npz is damaged") and fact in message and "dvc repro" in message
    assert message.isprintable()
    assert os.listdir() == ["labelled.npz"]


def test_equal_arrays_give_equal_bytes_with_any_python(tmp_path):
    """The digest is that of Python 3.11.2 and 3.11.7, between which those of `numpy.savez` changed."""
    arrays.save(tmp_path / "labelled.npz", **GOOD)
    content = (tmp_path / "labelled.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "32b98eddca5868c2aef38d3a5b660e9d031787de200f2b3a42c2596fc25af5db"
    labelled = arrays.load_labelled(tmp_path / "labelled.npz")
    assert all(np.array_equal(array, GOOD[name]) for name, array in labelled._asdict().items())


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(InputError, match="unlabelled.npz is missing; run `dvc repro`"):
        arrays.load_unlabelled(tmp_path / "unlabelled.npz")


UNPICKLING = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "torch"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "joblib.load"}
UNSAFE_CALLS |= {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "pd.read_pickle", "pandas.read_pickle"}


def test_the_project_never_unpickles_or_evaluates_data():
    """Outside the tests, no module unpickles, no reader of NumPy or YAML does, and models load in safe mode."""
    loads = []
    for path in graph.tracked_files("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                assert not UNPICKLING & {name.split(".")[0] for name in names}, path
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            options = {option.arg: ast.unparse(option.value) for option in node.keywords}
            assert called not in UNSAFE_CALLS, (path, called)
            assert not called.endswith(("enable_unsafe_deserialization", "load_weights")), path
            assert options.get("allow_pickle", "False") == options.get("shell", "False") == "False", path
            assert options.get("typ") != "'unsafe'", path
            if called.endswith("load_model"):
                loads.append(path)
                assert options["safe_mode"] == "True" and options["compile"] == "False"
    assert loads == [graph.ROOT / "digits/model/network.py"]
