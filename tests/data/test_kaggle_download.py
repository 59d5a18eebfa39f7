"""`source: kaggle` with Kaggle's own clients against a server on loopback, and archives in data/incoming."""

import json
import os
import shutil
from pathlib import Path

import pytest
from kaggle_server import PROXIES, TOKEN, zipped
from project import TINY, Project, write_settings
from refusal import refusal

from digits.data import kaggle_csv
from stages import fetch


@pytest.fixture
def home(tmp_path, kaggle_server, monkeypatch):
    """An empty home folder, beside a working folder with `source: kaggle`, and this process connected to the server."""
    kaggle_server.connect(tmp_path, monkeypatch)
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_settings(Path())
    Project(Path()).set(source="kaggle")
    return tmp_path


@pytest.fixture
def fetched(home, competition):
    """Run the stage, which must write the server's files."""

    def run():
        shutil.rmtree("data", ignore_errors=True)
        fetch.main()
        assert {path.name: path.read_bytes() for path in Path("data/raw").iterdir()} == competition

    return run


@pytest.fixture
def refused(home, capfd):
    """Run the stage, which must write nothing; the output, whose last line is the error, contains no token."""

    def run():
        shutil.rmtree("data", ignore_errors=True)
        message = refusal()
        output = "".join(capfd.readouterr()) + message
        assert TOKEN[5:] not in output and "of-storage" not in output
        return message

    return run


@pytest.mark.slow
def test_dvc_downloads_the_competition_with_a_progress_bar_and_asks_no_other_server(
    make_project, kaggle_server, tmp_path
):
    project = make_project(**TINY, source="kaggle")
    output = project.run("dvc", "repro", "fetch", **kaggle_server.environment(tmp_path)).stdout
    assert "source kaggle: 150 labelled and 50 unlabelled images" in output
    assert "100%" in output
    assert {host.split(":")[0] for host in kaggle_server.hosts} == {"localhost", "127.0.0.1"}
    for path in project.folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


@pytest.fixture
def save(home, monkeypatch):
    """Save a text as the only credentials: in a file of ~/.kaggle, or in the environment variable KAGGLE_API_TOKEN."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")

    def save(place, text):
        if place == "variable":
            monkeypatch.setenv("KAGGLE_API_TOKEN", text)
        else:
            (home / ".kaggle" / place).write_bytes(text if isinstance(text, bytes) else text.encode())

    return save


JSON = json.dumps({"username": "someone\n", "key": f" {TOKEN}"})


@pytest.mark.parametrize(
    ("place", "text"),
    [("variable", f" {TOKEN}\r\n"), ("access_token", f"{TOKEN}\n"), ("kaggle.json", JSON)],
    ids=["variable", "access_token", "kaggle.json"],
)
def test_a_token_or_key_is_accepted_with_white_space_around_it(save, fetched, place, text):
    save(place, text)
    fetched()


@pytest.mark.parametrize(
    ("place", "text", "words"),
    [
        ("variable", f'"{TOKEN}"', "quotes"),
        ("variable", f"export KAGGLE_API_TOKEN={TOKEN}", "save the token alone"),
        ("variable", f"{TOKEN}\n{TOKEN}", "save the token alone"),
        ("access_token", JSON, "save the token alone"),
        ("access_token", TOKEN.encode("utf-16"), "cannot be read"),
        ("kaggle.json", JSON[:-1], "kaggle.json"),
        ("elsewhere", TOKEN, "token is missing; create a new one on https://www.kaggle.com/settings"),
    ],
    ids=range(7),
)
def test_a_missing_or_malformed_token_is_reported_before_any_request_and_not_printed(
    save, refused, kaggle_server, place, text, words
):
    save(place, text)
    assert words in refused()
    assert kaggle_server.requests == []


@pytest.mark.parametrize(
    ("fault", "words", "requests"),
    [
        ("401", "rejected your token (401); create a new one on https://www.kaggle.com/settings", 1),
        ("403", "accept the competition's rules on https://www.kaggle.com/competitions/digit-recognizer/rules", 1),
        ("404", "no competition digit-recognizer (404)", 1),
        ("429", "rate limit is exceeded (429)", 4),
        ("503", "unavailable (503); try again later", 4),
        ("hang", "did not answer in time", 4),
        ("wrong MD5", "its MD5 is wrong", 1),
    ],
)
def test_a_fault_of_kaggle_is_one_line_with_advice(home, refused, kaggle_server, monkeypatch, fault, words, requests):
    kaggle_server.fault = fault
    monkeypatch.setattr("digits.data.kaggle_client.TIMEOUTS", (5, 0.5))
    assert words in refused()
    assert kaggle_server.count("DownloadDataFiles") == requests
    assert not [path for path in (home / "cache").rglob("*") if path.is_file()]


def test_a_request_is_retried_and_without_a_network_the_cache_is_used(fetched, kaggle_server, monkeypatch):
    kaggle_server.fault = "429 then ok"
    fetched()
    assert kaggle_server.count("DownloadDataFiles") == 3
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    fetched()


def test_a_cut_download_is_continued_by_the_next_run(refused, fetched, kaggle_server, competition):
    kaggle_server.archive = zipped(competition | {"more": os.urandom(2 << 20)})  # it is written by the MiB
    kaggle_server.fault = "cut"
    assert "could not be reached" in refused()
    kaggle_server.fault = "ok"
    fetched()
    assert kaggle_server.ranges[-1] == 1 << 20


ARCHIVES = {  # kind: (makes the archive from {name: bytes}, words in the error)
    "a web page": (lambda files: b"<html>sign in</html>", "digit-recognizer.zip is damaged"),
    "cut": (lambda files: zipped(files)[:-1000], "download it again"),
    "damaged": (lambda files: zipped(files)[:5000] + bytes(100) + zipped(files)[5100:], "is damaged"),
    "a missing file": (lambda files: zipped({name: files[name] for name in kaggle_csv.FILES[:2]}), "sample_submission"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_another_archive_is_refused_and_downloaded_again_by_the_next_run(
    refused, fetched, kaggle_server, competition, kind
):
    good, (make, words) = kaggle_server.archive, ARCHIVES[kind]
    kaggle_server.archive = make(competition)
    assert words in refused()
    kaggle_server.archive = good
    fetched()


@pytest.mark.parametrize("place", ["a zip file", "a subfolder"])
def test_kaggles_archive_in_data_incoming_is_read(incoming, competition, place):
    for path in incoming.iterdir():
        path.unlink()
    if place == "a subfolder":
        (incoming / "digit-recognizer").mkdir()
        for name, content in competition.items():
            (incoming / "digit-recognizer" / name).write_bytes(content)
    else:
        (incoming / "digit-recognizer (1).zip").write_bytes(zipped(competition | {"notes.txt": b"0"}))
    fetch.main()
    raw = incoming.parent / "raw"
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == competition


@pytest.mark.parametrize("absent", kaggle_csv.FILES)
def test_a_file_that_is_missing_in_data_incoming_is_named(incoming, absent):
    (incoming / absent).unlink()
    message = refusal()
    assert f"needs {absent}, or Kaggle's digit-recognizer.zip" in message and "in data/incoming/" in message
