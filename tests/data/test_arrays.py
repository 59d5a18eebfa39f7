"""The archives between the stages: invalid ones are refused in one line."""

import hashlib
import io

import numpy as np
import pytest

from digits import arrays
from digits.errors import InputError

GOOD = {"images": np.zeros((4, 28, 28), np.uint8), "labels": np.zeros(4, np.uint8), "fold": np.zeros(4, np.int8)}


def saved(**named):
    buffer = io.BytesIO()
    np.savez(buffer, **named)
    return buffer.getvalue()


ARCHIVES = {
    "objects": (saved(**GOOD | {"labels": np.array([None] * 4, object)}), "Object arrays cannot be loaded"),
    "another dtype": (saved(**GOOD | {"images": np.zeros((4, 28, 28))}), "images is float64 (4, 28, 28)"),
    "other lengths": (saved(**GOOD | {"fold": np.zeros(5, np.int8)}), "differ in length"),
    "a missing array": (saved(images=GOOD["images"], labels=GOOD["labels"]), "fold"),
    "truncated": (saved(**GOOD)[:2000], ""),
    "damaged": (saved(**GOOD).replace(bytes(100), b"\1" * 100, 1), "CRC"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_invalid_archive_is_refused_in_one_line(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    content, fact = ARCHIVES[kind]
    (tmp_path / "labelled.npz").write_bytes(content)
    with pytest.raises(InputError) as refused:
        arrays.load_labelled("labelled.npz")
    message = str(refused.value)
    assert message.startswith("labelled.npz is damaged") and fact in message and "dvc repro" in message
    assert message.isprintable()


def test_equal_arrays_give_equal_bytes_with_any_python(tmp_path):
    """The digest is that of Python 3.11.2 and 3.11.7, between which those of `numpy.savez` changed."""
    arrays.save(tmp_path / "labelled.npz", **GOOD)
    content = (tmp_path / "labelled.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "32b98eddca5868c2aef38d3a5b660e9d031787de200f2b3a42c2596fc25af5db"
    np.testing.assert_equal(arrays.load_labelled(tmp_path / "labelled.npz")._asdict(), GOOD)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(InputError, match="unlabelled.npz is missing; run `dvc repro`"):
        arrays.load_unlabelled(tmp_path / "unlabelled.npz")
