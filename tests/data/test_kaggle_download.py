"""`source: kaggle` with Kaggle's own clients against a server on loopback: credentials, faults, cache."""

import json
import shutil

import graph
import numpy as np
import pytest
from kaggle_server import PROXIES, TOKEN
from malformed_zip import zipped
from project import TINY
from refusal import refusal, work_in

from digits.data import kaggle_csv
from stages import fetch

SECRETS = (TOKEN, "secret-of-storage")


@pytest.fixture
def home(tmp_path, kaggle_server, monkeypatch):
    """An empty home folder, beside a working folder with `source: kaggle`, and this process connected to the server."""
    kaggle_server.connect(tmp_path, monkeypatch)
    work_in(tmp_path / "work", monkeypatch)
    (tmp_path / ".kaggle").mkdir()
    return tmp_path


@pytest.fixture
def fetched(home, kaggle_server, capfd):
    """Run the stage, which must write the server's files, and return its output."""

    def run():
        shutil.rmtree("data", ignore_errors=True)
        fetch.main()
        for name, content in kaggle_server.files.items():
            with open(fetch.RAW / name, "rb") as file:
                assert file.read() == content
        return "".join(capfd.readouterr())

    return run


@pytest.fixture
def refused(home, capfd):
    """Run the stage, which must write nothing; the output, whose last line is the error, contains no secret."""

    def run():
        shutil.rmtree("data", ignore_errors=True)
        message = refusal()
        output = "".join(capfd.readouterr()) + message
        assert not any(secret in output for secret in SECRETS)
        return output

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


@pytest.mark.parametrize("place", ["file", "access_token", "kaggle.json"])
def test_tokens_and_keys_are_accepted(home, fetched, monkeypatch, place):
    content = json.dumps({"username": "someone", "key": TOKEN}) if place == "kaggle.json" else TOKEN
    (home / ".kaggle" / place).write_text(content)
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    if place == "file":
        monkeypatch.setenv("KAGGLE_API_TOKEN", str(home / ".kaggle/file"))
    fetched()


def test_missing_credentials_are_reported_before_any_request(refused, kaggle_server, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    output = refused()
    assert all(word in output for word in ["token is missing", "~/.kaggle/access_token", "KAGGLE_API_TOKEN"])
    assert kaggle_server.requests == []


@pytest.mark.parametrize(
    ("fault", "words", "requests"),
    [
        ("401", ["your token (401)", "www.kaggle.com/settings"], 1),
        ("403", ["(403)", "/competitions/digit-recognizer/rules"], 1),
        ("404", ["(404)", "digit-recognizer"], 1),
        ("token in the message", ["(400): bad header Bearer [hidden]"], 1),
        ("500", ["(500)", "try again later"], 4),
        ("503", ["(503)", "try again later"], 4),
        ("429", ["rate limit", "(429)", "minutes"], 4),
        ("hang", ["did not answer in time", "check the network"], 4),
    ],
)
def test_a_fault_of_kaggle_is_one_line_with_advice(refused, kaggle_server, monkeypatch, fault, words, requests):
    kaggle_server.fault = fault
    if fault == "hang":
        monkeypatch.setattr("digits.data.kaggle_requests.TIMEOUTS", (5, 0.2))
    output = refused()
    assert all(word in output for word in words), output
    assert kaggle_server.count("DownloadDataFiles") == requests


@pytest.mark.parametrize("fault", ["429 then ok", "dropped then ok"])
def test_a_request_is_retried_after_a_transient_fault(fetched, kaggle_server, fault):
    kaggle_server.fault = fault
    assert fetched().count("trying again in 0.01 s") == 2


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The three files with 2,000 noisy images, and their archive of 2.6 MB: a cut download is kept by the MiB."""
    folder, rng = tmp_path_factory.mktemp("large"), np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (2000, 28, 28), dtype=np.uint8), np.arange(2000) % 10
    kaggle_csv.write_train(folder / "train.csv", images, labels)
    kaggle_csv.write_test(folder / "test.csv", images[:500])
    kaggle_csv.write_submission(folder / "sample_submission.csv", labels[:500])
    files = {name: (folder / name).read_bytes() for name in kaggle_csv.FILES}
    return files, zipped(files)


def test_a_cut_download_is_resumed(fetched, kaggle_server, large):
    kaggle_server.files, kaggle_server.archive = large
    kaggle_server.fault = "cut once"
    assert "trying again in" in fetched()
    assert kaggle_server.ranges[-1] >= 1 << 20


def test_a_download_that_is_always_cut_is_reported_and_resumed_by_the_next_run(refused, fetched, kaggle_server, large):
    kaggle_server.files, kaggle_server.archive = large
    kaggle_server.fault = "cut always"
    output = refused()
    assert "could not be reached" in output and "continues what was downloaded" in output
    assert kaggle_server.count(".zip") >= 4
    kaggle_server.fault = "ok"
    fetched()
    assert kaggle_server.ranges[-1] > 0


def test_a_damaged_download_is_retried(fetched, kaggle_server):
    kaggle_server.fault = "wrong MD5 once"
    assert "DataCorruptionError; trying again in" in fetched()


def test_a_download_that_is_always_damaged_is_reported_and_not_kept(refused, kaggle_server, home):
    kaggle_server.fault = "wrong MD5"
    assert "its MD5 is wrong" in refused()
    assert not [path for path in (home / "cache").rglob("*") if path.is_file()]


def test_without_a_network_the_cache_is_used(fetched, kaggle_server, monkeypatch):
    fetched()
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fetched()


def test_without_a_network_a_damaged_file_in_the_cache_is_named(fetched, refused, home, monkeypatch):
    fetched()
    next((home / "cache").rglob("test.csv")).unlink()
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    output = refused()
    assert "test.csv is missing" in output and "error: Kaggle could not be reached" in output


@pytest.mark.parametrize("damage", ["missing", "truncated", "cut after a line"])
def test_a_damaged_file_in_the_cache_is_downloaded_again(fetched, home, damage):
    fetched()
    (cached,) = (home / "cache").rglob("test.csv")
    content = cached.read_bytes()
    cached.unlink()
    if damage != "missing":
        cached.write_bytes(content[:1000] if damage == "truncated" else content[: content.rindex(b"\n", 0, -1) + 1])
    output = fetched()
    assert "test.csv" in output and "downloading it again" in output
    assert "downloading it again" not in fetched()


def test_a_cache_that_is_not_writable_is_one_line_with_its_path(refused, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/sys/kagglehub")  # not writable for root either
    assert "/sys/kagglehub" in refused()


REAL = graph.ROOT / "../shared/data/digit-recognizer.zip"


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="needs the competition's digit-recognizer.zip, which is not shipped")
def test_the_competition_itself_is_fetched(home, kaggle_server, capfd):
    kaggle_server.archive = REAL.read_bytes()
    fetch.main()
    assert "42,000 labelled and 28,000 unlabelled images" in capfd.readouterr().out
