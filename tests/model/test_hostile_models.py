"""A model file of a third party is refused in one line unless it is plain arithmetic, and none of its code runs."""

import sys

import numpy as np
import pytest
from hostile_models import HOSTILE
from model_files import described, function, with_part

from digits.errors import InputError

WATCHED = ("os.system", "subprocess.Popen", "pickle.find_class", "socket.connect", "exec", "import", "shutil.rmtree")
seen = None


def watch(event, details):
    if seen is not None and event in WATCHED and not (event in ("exec", "import") and "canary" not in str(details)):
        seen.append((event, details))


sys.addaudithook(watch)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a good model file."""
    from digits.model import backend, network

    backend.configure()
    path = tmp_path_factory.mktemp("good") / "good.keras"
    backend.keras.utils.set_random_seed(0)
    network.save(network.build(4, 0.0), path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_model_is_refused_in_one_line_and_none_of_its_code_runs(good, tmp_path, monkeypatch, kind):
    from digits.model import network

    global seen
    monkeypatch.setenv("SCRATCH", str(tmp_path))
    change, words = HOSTILE[kind]
    content = change(good)
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "member-0.keras").write_bytes(content)
    before = set(tmp_path.rglob("*"))
    seen = []
    try:
        with pytest.raises(InputError) as refused:
            network.load(folder / "member-0.keras")
    finally:
        events, seen = seen, None
    message = str(refused.value)
    assert message.isprintable() and len(message) < 400 and str(folder / "member-0.keras") in message
    assert words in message, message
    assert events == []
    assert set(tmp_path.rglob("*")) == before


def test_a_good_network_of_a_third_party_is_loaded_without_its_compile_config(tmp_path):
    from digits.model import network
    from digits.model.backend import keras

    images = keras.Input((28, 28))
    inner = keras.layers.Reshape((28, 28, 1))(images)
    inner = keras.layers.Conv2D(3, 3, activation="relu", kernel_initializer="he_normal")(inner)
    inner = keras.layers.Concatenate()([keras.layers.MaxPooling2D()(inner), keras.layers.AveragePooling2D(2)(inner)])
    theirs = keras.Model(images, keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(inner)))
    theirs.compile("adam", "categorical_crossentropy")
    digits = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.float32)
    theirs.fit(digits, np.eye(10)[:5], verbose=0)
    theirs.save(tmp_path / "theirs.keras")
    change = described(lambda config: config["compile_config"].update(optimizer=function("os", "system")))
    (tmp_path / "theirs.keras").write_bytes(change((tmp_path / "theirs.keras").read_bytes()))
    ours = network.load(tmp_path / "theirs.keras")
    np.testing.assert_array_equal(ours.predict(digits, verbose=0), theirs.predict(digits, verbose=0))
    assert not ours.compiled


def test_a_folder_is_refused_in_one_line(tmp_path):
    from digits.model import network

    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(InputError, match="IsADirectoryError") as refused:
        network.load(tmp_path / "folder.keras")
    assert str(refused.value).isprintable()


@pytest.mark.slow
def test_predict_digit_names_the_hostile_file(untrained_project):
    member = untrained_project / "models/member-3.keras"
    content = member.read_bytes()
    member.write_bytes(with_part("../canary.py", b"0")(content))
    ran = untrained_project.run("python", "predict_digit.py", "nothing.png", check=False)
    member.write_bytes(content)
    line = ran.stdout.splitlines()[-1]
    assert ran.returncode == 1 and "Traceback" not in ran.stdout
    assert line.startswith("error: models/member-3.keras ") and "'../canary.py'" in line
