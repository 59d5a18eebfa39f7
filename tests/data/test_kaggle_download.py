"""`source: kaggle`, by Kaggle's own client against a server on loopback: each credential, each fault, no leak."""

import json
import sys

import graph
import numpy as np
import pytest
from kaggle_server import LOOPBACK_ONLY, TOKEN
from project import TINY

from digits.data import kaggle_csv

HASTY = (
    LOOPBACK_ONLY + "from digits import kaggle_client as k; k.TIME_LIMIT = (2, 2); k.RETRY_DELAYS = (0.1, 0.2, 0.3); "
)
pytestmark = pytest.mark.slow

PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")
FETCH = [sys.executable, "-c", HASTY + "from digits import errors; from stages import fetch; errors.run(fetch.main)"]


@pytest.fixture(scope="module")
def cloned(make_project):
    return make_project(**TINY, source="kaggle", **{"split.folds": 3})


@pytest.fixture
def project(cloned, tmp_path):
    """A project with `source: kaggle` and nothing fetched, and an empty home."""
    cloned.git("checkout", "-q", "--force", "HEAD")
    cloned.git("clean", "-qfdx")
    home, cloned.home = tmp_path / "home", tmp_path / "home"
    home.mkdir()
    return cloned


def fetch(project, server, token=TOKEN, **environment):
    """Run the stage: exit status, output, and the last line of it."""
    ran = project.run(*FETCH, check=False, **server.environment(project.home, token) | environment)
    assert "Traceback" not in ran.stdout
    for secret in (TOKEN, "secret-of-storage"):
        assert secret not in ran.stdout
    return ran.returncode, ran.stdout, ran.stdout.strip().splitlines()[-1]


def refused(project, server, *words, **arguments):
    """Fetch, which must fail in one line with these words, and write nothing."""
    status, output, last = fetch(project, server, **arguments)
    assert status == 1 and last.startswith("error: "), output
    for word in words:
        assert word in last, last
    assert not (project / "data/raw").exists()
    return output


def fetched(project, server, **arguments):
    status, output, _ = fetch(project, server, **arguments)
    assert status == 0, output
    for name, content in server.files.items():
        assert (project / "data/raw" / name).read_bytes() == content
    return output


def test_the_competition_is_downloaded_with_a_progress_bar_from_the_server_and_nowhere_else(project, kaggle_server):
    output = fetched(project, kaggle_server)
    assert "source kaggle: 150 labelled and 50 unlabelled images" in output and "100%" in output
    assert kaggle_server.hosts and {host.split(":")[0] for host in kaggle_server.hosts} <= {"localhost", "127.0.0.1"}


def test_a_client_that_would_leave_the_machine_fails_here(project, kaggle_server):
    """All programs of these tests run under a guard; without the server's settings the client would ask Kaggle itself."""
    ran = project.run(*FETCH, check=False, HOME=str(project.home), KAGGLE_API_TOKEN=TOKEN, **dict.fromkeys(PROXIES, ""))
    assert "RuntimeError: a connection to " in ran.stdout and "kaggle.com" in ran.stdout


@pytest.mark.parametrize("way", ["variable", "variable with a file", "access_token", "user and key", "kaggle.json"])
def test_each_way_of_giving_credentials_works(project, kaggle_server, way):
    folder = project.home / ".kaggle"
    folder.mkdir()
    (folder / "somewhere").write_text(TOKEN)
    given = {}
    if way == "variable":
        given = {"KAGGLE_API_TOKEN": TOKEN}
    if way == "variable with a file":
        given = {"KAGGLE_API_TOKEN": str(folder / "somewhere")}
    if way == "access_token":
        (folder / "access_token").write_text(TOKEN)
    if way == "user and key":
        given = {"KAGGLE_USERNAME": "somebody", "KAGGLE_KEY": TOKEN}
    if way == "kaggle.json":
        (folder / "kaggle.json").write_text(json.dumps({"username": "somebody", "key": TOKEN}))
    fetched(project, kaggle_server, token=None, **given)


def test_a_token_as_a_secret_store_or_an_editor_leaves_it_works(project, kaggle_server):
    fetched(project, kaggle_server, token=f"{TOKEN}\n")
    (project.home / ".kaggle").mkdir()
    (project.home / ".kaggle/access_token").write_text(f"\ufeff{TOKEN}\r\n", encoding="utf-8")
    (project / "data/raw/train.csv").unlink()
    fetched(project, kaggle_server, token=None)


def test_an_unknown_environment_of_kaggles_is_one_line(project, kaggle_server):
    refused(project, kaggle_server, "KAGGLE_API_ENVIRONMENT", "unset it", KAGGLE_API_ENVIRONMENT="NONE")


def test_without_credentials_it_says_where_they_come_from_and_where_they_go(project, kaggle_server):
    refused(project, kaggle_server, "token is missing", "access_token", "KAGGLE_API_TOKEN", token=None)
    assert kaggle_server.requests == []


def test_a_broken_credentials_file_is_named(project, kaggle_server):
    (project.home / ".kaggle").mkdir()
    (project.home / ".kaggle/kaggle.json").write_text("{")
    refused(project, kaggle_server, "kaggle.json", token=None)


@pytest.mark.parametrize(
    ("fault", "words", "calls"),
    [
        ("401", ["does not know your token", "settings"], 1),
        ("403", ["rules", "/competitions/digit-recognizer/rules"], 1),
        ("404", ["no competition digit-recognizer"], 1),
        ("503", ["out of order (503)", "later"], 4),
        ("500", ["out of order (500)"], 4),
        ("hang", ["did not answer in time"], 4),
    ],
)
def test_an_answer_that_is_none_is_one_line(project, kaggle_server, fault, words, calls):
    kaggle_server.fault = fault
    refused(project, kaggle_server, *words)
    assert kaggle_server.times("DownloadDataFiles") == calls


@pytest.mark.parametrize("fault", ["429 then ok", "dropped then ok"])
def test_a_passing_fault_is_waited_for(project, kaggle_server, fault):
    kaggle_server.fault = fault
    assert fetched(project, kaggle_server).count("trying again in") == 2


def test_a_wrong_token_is_told_from_a_right_one(project, kaggle_server):
    refused(project, kaggle_server, "does not know your token", token="KGAT_ffff")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The three files with 2,000 noisy images, 2.6 MB zipped: the client keeps a cut download by the MiB."""
    folder, rng = tmp_path_factory.mktemp("large"), np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (2000, 28, 28), dtype=np.uint8), np.arange(2000) % 10
    kaggle_csv.write_train(folder / "train.csv", images, labels)
    kaggle_csv.write_test(folder / "test.csv", images[:500])
    kaggle_csv.write_submission(folder / "sample_submission.csv", labels[:500])
    return {name: (folder / name).read_bytes() for name in kaggle_csv.FILES}


def test_a_cut_download_goes_on_where_it_was_cut(project, kaggle_server, large):
    kaggle_server.files, kaggle_server.fault = large, "cut once"
    output = fetched(project, kaggle_server)
    assert "trying again in" in output and kaggle_server.ranges[-1] >= 1 << 20


def test_a_download_that_is_always_cut_is_reported_and_goes_on_the_next_time(project, kaggle_server, large):
    kaggle_server.files, kaggle_server.fault = large, "cut always"
    refused(project, kaggle_server, "could not be reached", "what was downloaded is kept")
    assert kaggle_server.times(".zip") >= 4
    kaggle_server.fault = "ok"
    fetched(project, kaggle_server)
    assert kaggle_server.ranges[-1] > 0


def test_a_damaged_download_is_made_once_more_and_then_reported(project, kaggle_server):
    kaggle_server.fault = "wrong MD5 once"
    assert "downloading once more" in fetched(project, kaggle_server)
    project.git("clean", "-qfdx")
    kaggle_server.fault, kaggle_server.requests = "wrong MD5", []
    refused(project, kaggle_server, "damaged twice", KAGGLEHUB_CACHE=str(project.home / "other"))
    assert kaggle_server.times(".zip") == 2


def test_offline_the_cache_answers(project, kaggle_server):
    fetched(project, kaggle_server)
    for path in (project / "data/raw").iterdir():
        path.unlink()
    nobody = dict.fromkeys(PROXIES, "http://127.0.0.1:9")
    fetched(project, kaggle_server, **nobody)


def test_offline_a_damaged_copy_in_the_cache_is_named_and_online_all_is_well_again(project, kaggle_server):
    fetched(project, kaggle_server)
    next((project.home / "cache").rglob("test.csv")).unlink()
    status, output, last = fetch(project, kaggle_server, **dict.fromkeys(PROXIES, "http://127.0.0.1:9"))
    assert status == 1 and "test.csv is missing" in output and last.startswith("error: Kaggle could not be reached"), (
        output
    )
    fetched(project, kaggle_server)


@pytest.mark.parametrize("damage", ["missing", "truncated", "cut after a line"])
def test_a_damaged_copy_in_the_cache_is_downloaded_again_though_its_marker_says_complete(
    project, kaggle_server, damage
):
    fetched(project, kaggle_server)
    (cached,) = (project.home / "cache").rglob("test.csv")
    content = cached.read_bytes()
    cached.unlink()
    if damage != "missing":
        cached.write_bytes(content[:1000] if damage == "truncated" else content[: content.rindex(b"\n", 0, -1) + 1])
    output = fetched(project, kaggle_server)
    assert "test.csv" in output and "downloading it again" in output
    assert "downloading it again" not in fetched(project, kaggle_server)


def test_an_archive_that_is_not_the_competition_s_is_not_unpacked(project, kaggle_server):
    """One way of those in test_malformed_zip.py, as the command says it."""
    kaggle_server.files = {**kaggle_server.files, "../evil.csv": b"0"}
    refused(project, kaggle_server, "not the competition's", "'../evil.csv'")
    assert not list(project.home.rglob("*.csv")) and not list(project.home.rglob("*.archive"))


REAL = graph.ROOT / "../shared/data/digit-recognizer.zip"


@pytest.mark.skipif(
    not REAL.exists(), reason="needs the competition's own digit-recognizer.zip, which the project does not ship"
)
def test_the_competition_itself_is_fetched(project, kaggle_server):
    kaggle_server.archive = REAL.read_bytes()
    status, output, _ = fetch(project, kaggle_server)
    assert status == 0 and "42,000 labelled and 28,000 unlabelled images" in output
