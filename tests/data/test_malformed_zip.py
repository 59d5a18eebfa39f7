"""A malformed archive is refused in one line, and nothing is unpacked. The ways to spoil one stand in malformed_zip.py."""

import io
import tarfile
import tracemalloc

import graph
import malformed_zip
import pytest
from refusal import refusal

from stages import fetch


@pytest.fixture
def download(kaggle_server, tmp_path, monkeypatch):
    """Fetch from a Kaggle that hands out the given archive, in this process."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(
        (graph.ROOT / "params.yaml").read_text().replace("source: sample", "source: kaggle")
    )
    for name, value in kaggle_server.environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    def fetch_from(archive):
        kaggle_server.archive = archive
        fetch.main()

    return fetch_from


@pytest.mark.parametrize("kind", malformed_zip.SPOILT)
def test_a_malformed_archive_is_refused_in_one_line_and_nothing_is_unpacked(download, competition, tmp_path, kind):
    spoil, words = malformed_zip.SPOILT[kind]
    archive = spoil(competition)
    tracemalloc.start()
    message = refusal(lambda: download(archive))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for word in ["Kaggle's download is not the competition's: ", "nothing was unpacked", *words]:
        assert word in message, message
    assert (
        not list(tmp_path.rglob("*.csv"))
        and not list(tmp_path.parent.glob("*.csv"))
        and not list(tmp_path.rglob("*.archive"))
    )
    assert peak < 50_000_000, "bytes"


def test_an_archive_that_is_a_tar_file_as_well_is_read_as_the_zip_that_was_checked(download, competition, tmp_path):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo("evil.csv")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"0,0"))
    download(tar.getvalue() + malformed_zip.zipped(competition))
    assert not list(tmp_path.rglob("evil.csv"))
    for name, content in competition.items():
        assert (tmp_path / "data/raw" / name).read_bytes() == content
