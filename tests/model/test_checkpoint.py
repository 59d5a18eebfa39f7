"""A checkpoint is taken up whole, or it is said that it is not, and the training begins anew."""

import io

import numpy as np
import pytest
import yaml

from digits import settings
from digits.model import checkpoint
from digits.model.backend import keras

NOTES = b'{"history": [{"val_loss": 1.0}], "finished": false}'


def network(units=3):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    network.compile(optimizer="adam", loss="mse")
    return network


@pytest.fixture
def saved(tmp_path):
    """The folder of a training that was killed after an epoch, and its weights."""
    state = checkpoint.Checkpoint(tmp_path, network())
    state.history, state.best_weights = [{"val_loss": 1.0}], state.network.get_weights()
    state.save()
    return tmp_path, state.best_weights


def test_what_was_saved_is_restored_to_the_bit(saved):
    folder, weights = saved
    state = checkpoint.Checkpoint(folder, network())
    state.restore()
    assert state.history == [{"val_loss": 1.0}] and not state.finished
    for ours, theirs in zip([*state.network.get_weights(), *state.best_weights], [*weights, *weights], strict=True):
        assert ours.tobytes() == theirs.tobytes()


def _flipped(content, place):
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def _with(content, **arrays):
    with np.load(io.BytesIO(content)) as saved:
        changed = dict(saved) | arrays
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in changed.items() if array is not None})
    return file.getvalue()


DAMAGE = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[:1000],
    "without its last byte": lambda content: content[:-1],
    "with a flipped byte in the middle": lambda content: _flipped(content, len(content) // 2),
    "with a flipped byte in its directory": lambda content: _flipped(content, len(content) - 60),
    "random bytes": lambda content: np.random.default_rng(0).bytes(5000),
    "of objects that would have to be unpickled": lambda content: _with(content, best_0=np.array([{}], object)),
    "without a variable": lambda content: _with(content, variable_1=None),
    "without its notes": lambda content: _with(content, notes=None),
    "with other notes": lambda content: _with(content, notes=np.frombuffer(b"[1]", np.uint8)),
    "with notes that are no JSON": lambda content: _with(content, notes=np.frombuffer(NOTES[:-5], np.uint8)),
    "with weights of another shape": lambda content: _with(content, variable_0=np.zeros((5, 3), np.float32)),
    "with weights of another type": lambda content: _with(content, best_0=np.zeros((2, 3), np.float64)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_foreign_checkpoint_is_said_and_not_used(saved, damage, capsys):
    folder, _ = saved
    path = folder / "state.npz"
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    state = checkpoint.Checkpoint(folder, network())
    fresh = [weights.tobytes() for weights in state.network.get_weights()]
    state.restore()
    assert capsys.readouterr().out == f"{path} is damaged or of another network: training begins anew\n"
    assert state.history == [] and state.best_weights is None
    assert [weights.tobytes() for weights in state.network.get_weights()] == fresh


def test_the_key_is_another_for_other_settings_data_code_or_versions(tmp_path, monkeypatch):
    class Params(settings.Params):
        lr: float

    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": {"deps": ["data.npz", "code.py"]}}}))
    for name in ("data.npz", "code.py"):
        (tmp_path / name).write_text(name)
    keys = [checkpoint.key("train", Params(lr=0.1))]
    assert checkpoint.key("train", Params(lr=0.1)) == keys[0]
    keys.append(checkpoint.key("train", Params(lr=0.2)))
    for name in ("data.npz", "code.py"):
        (tmp_path / name).write_text("changed")
        keys.append(checkpoint.key("train", Params(lr=0.1)))
    monkeypatch.setattr(checkpoint.importlib.metadata, "version", lambda package: "0.1")
    keys.append(checkpoint.key("train", Params(lr=0.1)))
    assert len(set(keys)) == 5


def test_an_ended_training_is_taken_up_again_until_dvc_has_recorded_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with checkpoint.lock_member(0, "same") as work:
        (work / "state.npz").touch()
    with checkpoint.lock_member(0, "same") as work:
        assert (work / "state.npz").exists(), "killed now, DVC will run it again"
    (tmp_path / "dvc.lock").touch()
    with checkpoint.lock_member(0, "same") as work:
        assert not list(work.iterdir()), "trained again by force, it begins anew"


def test_what_lies_in_the_work_folder_is_dropped_when_it_is_this_member_s_and_left_when_it_is_not(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    others = [tmp_path / f".work/{name}" for name in ("member-1-abc", "member-10-abc", "notes")]
    for folder in (*others, tmp_path / ".work/member-0-old"):
        folder.mkdir(parents=True)
    with checkpoint.lock_member(0, "new") as work:
        assert work.name == "member-0-new"
    said = "an unfinished training with other settings, data or code is dropped: .work/member-0-old\n"
    assert capsys.readouterr().out == said
    assert sorted(path.name for path in (tmp_path / ".work").iterdir()) == [
        "ended-member-0-new",
        *sorted(path.name for path in others),
    ]
    checkpoint.remove_completed()
    assert not (tmp_path / ".work/ended-member-0-new").exists() and all(path.exists() for path in others)
