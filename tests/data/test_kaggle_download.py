"""`source: kaggle` with Kaggle's own clients against a server on loopback, and archives in data/incoming."""

import json
import os
import shutil
from pathlib import Path

import graph
import pytest
from kaggle_server import PROXIES, TOKEN, zipped
from project import TINY, Project
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
    shutil.copy(graph.PARAMS, "params.yaml")
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


@pytest.mark.parametrize("place", ["variable", "file", "access_token", "kaggle.json", "key"])
def test_tokens_and_keys_are_accepted_with_white_space_around_them(home, fetched, monkeypatch, place):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    if place == "kaggle.json":
        (home / ".kaggle/kaggle.json").write_text(json.dumps({"username": "someone\n", "key": f" {TOKEN}"}))
    elif place == "key":
        monkeypatch.setenv("KAGGLE_USERNAME", "someone")
        monkeypatch.setenv("KAGGLE_KEY", f"{TOKEN}\r\n")
    elif place == "variable":
        monkeypatch.setenv("KAGGLE_API_TOKEN", f" {TOKEN}\r\n")
    else:
        (home / ".kaggle" / place).write_text(f"{TOKEN}\n")
        if place == "file":
            monkeypatch.setenv("KAGGLE_API_TOKEN", str(home / ".kaggle/file"))
    fetched()


def test_a_missing_token_is_reported_before_any_request(refused, kaggle_server, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    message = refused()
    assert all(word in message for word in ["token is missing", "~/.kaggle/access_token", "KAGGLE_API_TOKEN"])
    assert kaggle_server.requests == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'"{TOKEN}"', "quotes"),
        (f"“{TOKEN}”", "quotes"),
        (f"export KAGGLE_API_TOKEN={TOKEN}", "save the token alone"),
        (f"KAGGLE_API_TOKEN={TOKEN}", "save the token alone"),
        (f"{TOKEN}\n{TOKEN}", "save the token alone"),
        (json.dumps({"username": "someone", "key": TOKEN}), "save the token alone"),
        (TOKEN.encode("utf-16"), "cannot be read"),
    ],
    ids=range(7),
)
def test_a_malformed_token_is_refused_and_not_printed(home, refused, kaggle_server, monkeypatch, text, words):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (home / ".kaggle/access_token").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert words in refused()
    assert kaggle_server.requests == []


def test_a_malformed_kaggle_json_is_named(home, refused, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (home / ".kaggle/kaggle.json").write_text(f'{{"username": "someone", "key": "{TOKEN}"')
    assert "kaggle.json" in refused()


@pytest.mark.parametrize(
    ("fault", "words", "requests"),
    [
        ("401", ["your token (401)", "www.kaggle.com/settings"], 1),
        ("403", ["(403)", "/competitions/digit-recognizer/rules"], 1),
        ("404", ["(404)", "digit-recognizer"], 1),
        ("429", ["rate limit", "(429)", "minutes"], 4),
        ("503", ["(503)", "try again later"], 4),
        ("hang", ["did not answer in time", "check the network"], 4),
        ("wrong MD5", ["its MD5 is wrong"], 1),
    ],
)
def test_a_fault_of_kaggle_is_one_line_with_advice(home, refused, kaggle_server, monkeypatch, fault, words, requests):
    kaggle_server.fault = fault
    monkeypatch.setattr("digits.data.kaggle_client.TIMEOUTS", (5, 0.5))
    message = refused()
    assert all(word in message for word in words), message
    assert kaggle_server.count("DownloadDataFiles") == requests
    assert not [path for path in (home / "cache").rglob("*") if path.is_file()]


def test_a_request_is_retried_after_a_transient_fault(fetched, kaggle_server):
    kaggle_server.fault = "429 then ok"
    fetched()
    assert kaggle_server.count("DownloadDataFiles") == 3


def test_a_cut_download_is_continued_by_the_next_run(refused, fetched, kaggle_server, competition):
    kaggle_server.archive = zipped(competition | {"more": os.urandom(2 << 20)})  # it is written by the MiB
    kaggle_server.fault = "cut"
    assert "could not be reached" in refused()
    kaggle_server.fault = "ok"
    fetched()
    assert kaggle_server.ranges[-1] == 1 << 20


def test_without_a_network_the_cache_is_used(fetched, kaggle_server, monkeypatch):
    fetched()
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fetched()


ARCHIVES = {  # kind: (makes the archive from {name: bytes}, words in the error)
    "a web page": (lambda files: b"<html>sign in</html>", "not a zip file"),
    "cut": (lambda files: zipped(files)[:-1000], "not a zip file"),
    "damaged": (lambda files: zipped(files)[:5000] + bytes(100) + zipped(files)[5100:], "is damaged"),
    "a missing file": (lambda files: zipped({name: files[name] for name in kaggle_csv.FILES[:2]}), "sample_submission"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_another_archive_is_refused_and_downloaded_again_by_the_next_run(
    refused, fetched, kaggle_server, competition, kind
):
    good, (make, words) = kaggle_server.archive, ARCHIVES[kind]
    kaggle_server.archive = make(competition)
    message = refused()
    assert "digit-recognizer.zip" in message and "download it again" in message and words in message
    kaggle_server.archive = good
    fetched()


@pytest.mark.parametrize("place", ["a zip file", "a subfolder", "a zip file with other files"])
def test_kaggles_archive_in_data_incoming_is_read(incoming, competition, place):
    for path in incoming.iterdir():
        path.unlink()
    if place == "a subfolder":
        (incoming / "digit-recognizer").mkdir()
        for name, content in competition.items():
            (incoming / "digit-recognizer" / name).write_bytes(content)
    else:
        others = {"../evil.csv": b"0", "notes.txt": b"0"} if "other" in place else {}
        (incoming / "digit-recognizer (1).zip").write_bytes(zipped(others | competition))
    fetch.main()
    raw = incoming.parent / "raw"
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == competition


@pytest.mark.parametrize("absent", kaggle_csv.FILES)
def test_a_file_that_is_missing_in_data_incoming_is_named(incoming, absent):
    (incoming / absent).unlink()
    message = refusal()
    assert f"needs {absent}, or Kaggle's digit-recognizer.zip" in message and "in data/incoming/" in message


REAL = graph.ROOT / "../shared/data/digit-recognizer.zip"


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="needs the competition's digit-recognizer.zip, which is not shipped")
def test_the_competition_itself_is_fetched(home, kaggle_server, capfd):
    kaggle_server.archive = REAL.read_bytes()
    fetch.main()
    assert "42,000 labelled and 28,000 unlabelled images" in capfd.readouterr().out
