"""DVC keeps the dvc.lock that it has until the next one is whole: .dvc/whole_files.py, which `make` puts into .venv."""

import importlib.util
import sys

import pytest
import yaml

import graph
from project import Project, stages_run

MODULE = graph.ROOT / ".dvc/whole_files.py"


@pytest.fixture(scope="module")
def whole_files():
    spec = importlib.util.spec_from_file_location("whole_files", MODULE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_file_takes_its_place_when_it_is_complete(whole_files, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with whole_files.open_whole(None, str(path), "w+", encoding="utf-8") as file:
        file.write("néw")
        assert path.read_text() == "old"
    assert path.read_text(encoding="utf-8") == "néw"
    whole_files.open_whole(None, str(path), "w").close()
    assert path.read_bytes() == b"" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_could_not_be_completed_leaves_the_old_one(whole_files, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_files.open_whole(None, str(path), "w") as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


KILLED_WHILE_WRITING = """
import os, sys
from dvc.cli import main
from dvc.utils.serialize import _yaml

def dump_half(data, stream):
    stream.write("schema: '2.0'")
    stream.flush()
    os._exit(9)

_yaml._dump = dump_half
sys.exit(main(["repro"]))
"""


@pytest.mark.slow
def test_the_dvc_of_this_environment_killed_while_it_writes_its_lock_still_has_the_old_one(tmp_path):
    if not (graph.ROOT / ".venv/ready").exists() and not importlib.util.find_spec("dvc_whole_files"):
        pytest.skip("this environment was not set up by make")
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    project.run("dvc", "init", "--no-scm", "--quiet")
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"one": {"cmd": "true"}}}))
    project.run("dvc", "repro")
    lock = (project / "dvc.lock").read_bytes()
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"one": {"cmd": "true again"}}}))
    (tmp_path / "dvc").write_text(KILLED_WHILE_WRITING)
    assert project.run(sys.executable, str(tmp_path / "dvc"), check=False).returncode == 9
    assert (project / "dvc.lock").read_bytes() == lock
    assert stages_run(project.run("dvc", "repro").stdout) == ["one"]
    assert (project / "dvc.lock").read_bytes() != lock and not list(project.folder.glob(".partial-*"))
