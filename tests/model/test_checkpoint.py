"""A checkpoint is restored to the bit or not at all, and a finished training is kept until DVC has recorded it."""

import hashlib
import io

import numpy as np
import pytest
import yaml

from digits import settings
from digits.model import checkpoint

NOTES = b'{"history": [{"val_loss": 1.0}], "finished": false}'


@pytest.fixture
def model():
    from digits.model import backend

    backend.configure()
    keras = backend.keras
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.compile(optimizer="adam", loss="mse")
    return model


@pytest.fixture
def saved(tmp_path, model):
    """The folder of a training that was killed after its first epoch, and its weights; the model then gets others."""
    state = checkpoint.Checkpoint(tmp_path, model)
    state.history, state.best_weights = [{"val_loss": 1.0}], model.get_weights()
    state.save()
    model.set_weights([weights + 1 for weights in state.best_weights])
    return tmp_path, state.best_weights


def test_a_saved_state_is_restored_to_the_bit(saved, model):
    folder, weights = saved
    state = checkpoint.Checkpoint(folder, model)
    state.restore()
    assert state.history == [{"val_loss": 1.0}] and not state.finished
    for got, expected in zip([*model.get_weights(), *state.best_weights], [*weights, *weights], strict=True):
        assert got.tobytes() == expected.tobytes()


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
    "truncated": lambda content: content[:1000],
    "without its last byte": lambda content: content[:-1],
    "a flipped byte in the middle": lambda content: _flipped(content, len(content) // 2),
    "a flipped byte in its directory": lambda content: _flipped(content, len(content) - 60),
    "random bytes": lambda content: np.random.default_rng(0).bytes(5000),
    "objects that need unpickling": lambda content: _with(content, best_0=np.array([{}], object)),
    "without a variable": lambda content: _with(content, variable_1=None),
    "without its notes": lambda content: _with(content, notes=None),
    "other notes": lambda content: _with(content, notes=np.frombuffer(b"[1]", np.uint8)),
    "notes that are not JSON": lambda content: _with(content, notes=np.frombuffer(NOTES[:-5], np.uint8)),
    "weights of another shape": lambda content: _with(content, variable_0=np.zeros((5, 3), np.float32)),
    "weights of another dtype": lambda content: _with(content, best_0=np.zeros((2, 3), np.float64)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_foreign_checkpoint_is_reported_and_not_used(saved, model, damage, capsys):
    path = saved[0] / "state.npz"
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    before = [weights.tobytes() for weights in model.get_weights()]
    state = checkpoint.Checkpoint(saved[0], model)
    state.restore()
    printed = capsys.readouterr().out
    assert f"{path} is damaged" in printed and printed.count("\n") == 1
    assert state.history == [] and state.best_weights is None
    assert [weights.tobytes() for weights in model.get_weights()] == before


def test_the_key_depends_on_settings_data_code_and_versions(tmp_path, monkeypatch):
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


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the model file of member 0."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/member-0.keras").write_bytes(b"the weights")
    return tmp_path


def record(stage, content):
    """Write dvc.lock with one stage and its output, models/member-0.keras."""
    out = {"path": "models/member-0.keras", "hash": "md5", "md5": hashlib.md5(content).hexdigest()}
    checkpoint.DVC_LOCK.write_text(yaml.safe_dump({"schema": "2.0", "stages": {stage: {"outs": [out]}}}))


def train():
    """Pretend to train member 0, and return whether it resumed."""
    with checkpoint.lock_member(0, "same") as work:
        resumed = (work / "state.npz").exists()
        (work / "state.npz").touch()
        return resumed


def test_a_finished_training_is_kept_until_dvc_lock_records_its_own_model(project):
    assert not train()
    assert train(), "DVC was killed before it wrote dvc.lock, and runs the stage again"
    record("fetch", b"the weights")
    assert train(), "only another stage was recorded"
    record("train@0", b"other weights")
    assert train(), "an earlier training was recorded"
    record("train@0", b"the weights")
    assert not train(), "`dvc repro --force` trains again"


def test_a_member_deletes_its_own_obsolete_trainings_and_no_others(project, capsys):
    others = [project / f".work/{name}" for name in ("member-1-abc", "member-10-abc", "notes")]
    for folder in (*others, project / ".work/member-0-old"):
        folder.mkdir(parents=True)
    train()
    printed = capsys.readouterr().out
    assert printed.endswith("code: .work/member-0-old\n") and printed.count("\n") == 1
    assert set((project / ".work").iterdir()) == {project / ".work/member-0-same", *others}
    checkpoint.remove_completed()
    assert set((project / ".work").iterdir()) == set(others)
