"""Kaggle's archive: a malformed one is refused in one line, and nothing but the three files is extracted."""

import io
import tarfile
import tracemalloc

import malformed_zip
import pytest
from refusal import refusal, work_in

from stages import fetch


@pytest.fixture
def download(kaggle_server, tmp_path, monkeypatch):
    """Fetch a given archive from a Kaggle server in this process."""
    work_in(tmp_path / "work", monkeypatch)
    kaggle_server.connect(tmp_path, monkeypatch)

    def fetch_from(archive):
        kaggle_server.archive = archive
        fetch.main()

    return fetch_from


def files_in(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()} - {"params.yaml"}


@pytest.mark.parametrize("defect", malformed_zip.MALFORMED)
def test_a_malformed_archive_is_refused_in_one_line_and_removed_for_the_next_run(
    download, competition, tmp_path, defect
):
    make, words = malformed_zip.MALFORMED[defect]
    archive = make(competition)
    tracemalloc.start()
    message = refusal(lambda: download(archive))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(word in message for word in ["digit-recognizer.archive", "was removed", *words]), message
    assert not list(tmp_path.rglob("*.archive")) and not list(tmp_path.rglob("*.complete"))
    assert peak < 50_000_000, "bytes"
    download(malformed_zip.zipped(competition))


@pytest.mark.parametrize("name", malformed_zip.ADDITIONAL)
def test_other_members_of_an_archive_are_not_extracted(download, competition, tmp_path, name):
    before = files_in(tmp_path.parent)
    download(malformed_zip.zipped({name: b"0", **competition}))
    assert files_in(tmp_path.parent) - before <= {*competition, "digit-recognizer.complete"}


def test_an_archive_that_is_also_a_tar_file_is_read_as_a_zip_file(download, competition, tmp_path):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo("evil.csv")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"0,0"))
    download(tar.getvalue() + malformed_zip.zipped(competition))
    assert "evil.csv" not in files_in(tmp_path)
    for name, content in competition.items():
        assert (tmp_path / "work/data/raw" / name).read_bytes() == content
