"""versions.yaml: what is installed is recorded, and no stage runs with anything else."""

import importlib.metadata

import pytest
import yaml

from digits import versions
from digits.errors import InputError


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A folder with versions.yaml as `python -m digits.versions` writes it."""
    monkeypatch.chdir(tmp_path)
    versions.main()
    return tmp_path / "versions.yaml"


def test_the_installed_versions_are_recorded_and_an_unchanged_file_is_left_alone(recorded):
    assert yaml.safe_load(recorded.read_text()) == {
        name: importlib.metadata.version(name) for name in versions.PACKAGES
    }
    before = recorded.stat()
    versions.main()
    assert recorded.stat() == before
    versions.check()


def test_another_version_than_the_recorded_one_is_refused_with_both_and_recorded_anew_accepted(recorded):
    recorded.write_text(recorded.read_text().replace(f"keras: {importlib.metadata.version('keras')}", "keras: 3.0.1"))
    with pytest.raises(InputError) as refused:
        versions.check()
    assert f"keras {importlib.metadata.version('keras')} is installed" in str(refused.value) and "records 3.0.1" in str(
        refused.value
    )
    versions.main()
    versions.check()
