"""versions.yaml: the installed versions are recorded, and no stage runs with others."""

from importlib.metadata import version

import pytest
import yaml

from digits import versions
from digits.errors import InputError


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """versions.yaml as `python -m digits.versions` writes it."""
    monkeypatch.chdir(tmp_path)
    versions.main()
    return tmp_path / "versions.yaml"


def test_the_installed_versions_are_recorded_and_an_unchanged_file_is_not_written(recorded):
    assert yaml.safe_load(recorded.read_text()) == {name: version(name) for name in versions.PACKAGES}
    before = recorded.stat()
    versions.main()
    assert recorded.stat() == before
    versions.check()


def test_a_version_other_than_the_recorded_one_is_refused_until_it_is_recorded(recorded):
    recorded.write_text(recorded.read_text().replace(f"keras: {version('keras')}", "keras: 3.0.1"))
    with pytest.raises(InputError, match=rf"keras {version('keras')} is installed, .* records 3\.0\.1"):
        versions.check()
    versions.main()
    versions.check()
