"""A checkpoint belongs to what its training reads: settings, data, code and packages."""

import pytest
import yaml

from digits import settings
from digits.model import checkpoint


class Params(settings.Params):
    lr: float


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": {"deps": ["data.npz", "code"]}}}))
    (tmp_path / "data.npz").write_text("data")
    (tmp_path / "code/part").mkdir(parents=True)
    (tmp_path / "code/part/module.py").write_text("code")
    return tmp_path


def test_the_path_changes_with_settings_data_code_and_versions(project, monkeypatch):
    paths = [checkpoint.find("train", 0, Params(lr=0.1))]
    (project / "code/__pycache__").mkdir()
    (project / "code/__pycache__/module.pyc").write_text("compiled")
    assert checkpoint.find("train", 0, Params(lr=0.1)) == paths[0]
    paths.append(checkpoint.find("train", 0, Params(lr=0.2)))
    for name in ("data.npz", "code/part/module.py"):
        (project / name).write_text("changed")
        paths.append(checkpoint.find("train", 0, Params(lr=0.1)))
    monkeypatch.setattr(checkpoint.importlib.metadata, "version", lambda package: "0.1")
    paths.append(checkpoint.find("train", 0, Params(lr=0.1)))
    assert len(set(paths)) == 5


def test_a_member_deletes_its_own_checkpoints_of_other_settings_and_no_others(project, capsys):
    kept = [checkpoint.find("train", 0, Params(lr=0.1)), *(checkpoint.WORK / f"member-{k}-abc.npz" for k in (1, 10))]
    checkpoint.WORK.mkdir()
    for path in (*kept, checkpoint.WORK / "member-0-old.npz"):
        path.touch()
    assert checkpoint.find("train", 0, Params(lr=0.1)) == kept[0]
    assert set(checkpoint.WORK.iterdir()) == set(kept)
    assert "member-0-old.npz" in capsys.readouterr().out
