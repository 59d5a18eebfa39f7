"""Run the fetch stage in this process, and check how it reports a user error."""

import shutil
from pathlib import Path

import graph
import pytest
from project import Project

from digits import errors
from stages import fetch


def refusal(main=fetch.main):
    """Run a stage that must fail in one line and write nothing to data/raw, and return that line."""
    with pytest.raises(SystemExit) as stopped:
        errors.run(main)
    message = str(stopped.value)
    assert message.startswith("error: ") and len(message) < 400
    assert message.isprintable(), "one line, without control characters"
    assert not Path("data/raw").exists()
    return message


def work_in(folder, monkeypatch):
    """Make a working folder with `source: kaggle`, and change to it."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    shutil.copy(graph.PARAMS, "params.yaml")
    Project(folder).set(source="kaggle")
