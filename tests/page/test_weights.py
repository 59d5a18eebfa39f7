"""The stage `page` packs the networks without TensorFlow, and refuses what network.js cannot compute."""

import json
import re
import sys

import pytest

from digits.errors import InputError
from digits.page import html, weights


@pytest.fixture(scope="module")
def keras(backend):
    return backend.keras


def save(keras, path, *layers):
    """Save an untrained network of the layers, from (28, 28) to ten probabilities."""
    model = keras.Sequential([keras.Input((28, 28)), *layers, keras.layers.Dense(10, activation="softmax")])
    model.save(path)
    return path


def test_a_layer_that_the_page_does_not_have_is_named(keras, tmp_path):
    path = save(keras, tmp_path / "other.keras", keras.layers.Flatten(), keras.layers.LeakyReLU(name="leaky"))
    with pytest.raises(InputError, match=r"other\.keras.*LeakyReLU \(leaky\)"):
        weights.pack(path)


def test_an_option_that_the_page_does_not_have_is_named(keras, tmp_path):
    layers = (
        keras.layers.Reshape((28, 28, 1)),
        keras.layers.Conv2D(2, 3, strides=2, name="wide"),
        keras.layers.Flatten(),
    )
    with pytest.raises(InputError, match=r"Conv2D \(wide\) strides=\[2, 2\]"):
        weights.pack(save(keras, tmp_path / "model.keras", *layers))


def test_a_missing_model_is_reported_with_the_command_that_trains_it(tmp_path):
    with pytest.raises(InputError, match=r"member-7\.keras is missing; `dvc repro`"):
        weights.pack(tmp_path / "member-7.keras")


@pytest.mark.slow
def test_the_page_is_the_same_bytes_twice_and_needs_no_other_file(untrained_project):
    pages = []
    for _ in range(2):
        untrained_project.run(sys.executable, "-m", "stages.page")
        pages.append((untrained_project / "reports/draw.html").read_bytes())
    page = pages[0].decode()
    assert pages[0] == pages[1]
    assert not re.search(r"\{\{|src=|@import|https?:|url\(|<link (?!rel=\"icon\" href=\"data:)", page)
    packed = json.loads(re.search(r'<script type="application/json" id="networks">(.+)</script>', page)[1])
    assert packed["members"] == len(packed["networks"]) == 2


@pytest.mark.slow
def test_a_large_ensemble_is_cut_to_the_members_that_fit(untrained_project, monkeypatch):
    paths = [untrained_project / f"models/member-{member}.keras" for member in (0, 3)]
    assert html.build(paths)[1] == 2
    monkeypatch.setattr(html, "MAX_BYTES", len(html.build(paths[:1])[0]) + 100)
    page, networks = html.build(paths)
    assert networks == 1 and '"members":2' in page
