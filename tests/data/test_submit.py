"""Submitting to Kaggle: what is checked before, what is sent, what is waited for, and what the log then says."""

import json
import sys

import pytest
from kaggle_server import LOOPBACK_ONLY, TOKEN, KaggleServer
from project import TINY

SUBMIT = [
    sys.executable,
    "-c",
    LOOPBACK_ONLY
    + "from digits import errors, kaggle_client; kaggle_client.TIME_LIMIT, kaggle_client.RETRY_DELAYS = (2, 2), (0.1, 0.2);"
    "import submit_to_kaggle; submit_to_kaggle.POLL = 0.1; errors.run(submit_to_kaggle.main)",
]
LOG = "reports/kaggle_submissions.json"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(make_project, competition, tmp_path_factory):
    """A project that has fetched from Kaggle and run to its end, with the results committed, and its `home`."""
    project = make_project(**TINY, source="kaggle", **{"split.folds": 3})
    project.home = tmp_path_factory.mktemp("home")
    with KaggleServer(competition) as server:
        project.run("dvc", "repro", **server.environment(project.home))
    project.git("add", "-A")
    project.git("commit", "-qm", "A run on Kaggle's data")
    project.submission = (project / "reports/submission.csv").read_bytes()
    return project


@pytest.fixture
def project(finished):
    finished.git("checkout", "-q", "--force", "HEAD")
    finished.git("clean", "-qfd")
    (finished / "reports/submission.csv").write_bytes(finished.submission)
    return finished


def submit(project, server, *arguments, token=TOKEN):
    """Run the script: exit status, output, and its last line."""
    ran = project.run(*SUBMIT, *arguments, check=False, **server.environment(project.home, token))
    assert "Traceback" not in ran.stdout and TOKEN not in ran.stdout
    return ran.returncode, ran.stdout, ran.stdout.strip().splitlines()[-1]


def refused(project, server, *words, arguments=("try",), **more):
    status, output, last = submit(project, server, *arguments, **more)
    assert status == 1 and last.startswith("error: "), output
    for word in words:
        assert word in last, last


def log(project):
    return json.loads((project / LOG).read_text())


def test_from_token_to_score(project, kaggle_server):
    """`dvc repro` with source: kaggle was the fixture; now `make submit`, then `--list`."""
    environment = kaggle_server.environment(project.home)
    output = project.run("make", "-o", ".venv/ready", "submit", "MESSAGE=my first try", **environment).stdout
    metrics = json.loads((project / "reports/metrics.json").read_text())
    assert "public score           0.99757" in output
    assert f"out-of-fold accuracy   {metrics['oof_accuracy']:.5f}" in output
    assert kaggle_server.received == [(project / "reports/submission.csv").read_bytes()]
    assert [entry["submissionDescription"] for entry in kaggle_server.submissions.values()] == ["my first try"]
    (entry,) = log(project)
    assert entry["commit"] == project.git("rev-parse", "HEAD").strip()
    assert (entry["status"], entry["public_score"], entry["message"]) == ("scored", "0.99757", "my first try")
    table = project.run(sys.executable, "submit_to_kaggle.py", "--list").stdout.splitlines()
    assert len(table) == 2 and "0.99757" in table[1] and entry["commit"][:12] in table[1] and "my first try" in table[1]
    assert {host.split(":")[0] for host in kaggle_server.hosts} <= {"localhost", "127.0.0.1"}

    refused(project, kaggle_server, "was submitted on", "score 0.99757")
    assert len(kaggle_server.submissions) == 1


def test_the_token_is_written_nowhere(project, kaggle_server):
    submit(project, kaggle_server, "try")
    for path in project.folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_dry_run_does_everything_but_send(project, kaggle_server):
    status, output, last = submit(project, kaggle_server, "try", "--dry-run")
    assert status == 0 and "nothing was sent" in last and "50 answers" in output
    assert kaggle_server.requests == [] and not (project / LOG).exists()
    (project / "reports/submission.csv").unlink()
    refused(project, kaggle_server, "submission.csv is missing", arguments=("try", "--dry-run"))


def test_a_file_that_the_pipeline_did_not_write_needs_force(project, kaggle_server):
    path = project / "reports/submission.csv"
    label = path.read_text().rstrip()[-1]
    path.write_text(path.read_text().rstrip()[:-1] + str((int(label) + 1) % 10) + "\n")
    refused(project, kaggle_server, "is not the one of dvc.lock", "--force")
    assert kaggle_server.requests == []
    assert submit(project, kaggle_server, "try", "--force")[0] == 0


def test_a_pipeline_that_is_not_up_to_date_needs_force(project, kaggle_server):
    project.set(lr=0.001)
    refused(project, kaggle_server, "not up to date", "--force")
    assert submit(project, kaggle_server, "try", "--force")[0] == 0
    assert log(project)[0]["commit"].endswith("-dirty")


def test_a_file_of_another_form_is_never_sent(project, kaggle_server):
    path = project / "reports/submission.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    refused(project, kaggle_server, "49 answers", arguments=("try", "--force"))
    path.write_text("ImageId,Label\n1,12\n")
    refused(project, kaggle_server, "line 2", "Label", "'12'", arguments=("try", "--force"))
    assert kaggle_server.requests == []


def test_slow_scoring_is_waited_for(project, kaggle_server):
    kaggle_server.fault = "slow scoring"
    status, output, _ = submit(project, kaggle_server, "try")
    assert status == 0 and output.count("waiting for the score") == 2


@pytest.mark.parametrize(
    ("fault", "words", "status"),
    [
        ("failed upload", ["did not take the upload (403)"], "not sent"),
        ("daily limit", ["refused the request (400)", "submission allowance (10 of 10)"], "not sent"),
        ("lost", ["could not be reached", "whether it arrived"], "not sent"),
        ("401", ["does not know your token"], "not sent"),
        ("503", ["out of order (503)"], "not sent"),
        ("hang", ["did not answer in time"], "not sent"),
        ("rejected", ["Kaggle rejected the file", "ids do not match"], "rejected"),
        ("never scored", ["no score after 1 s", "--list"], "sent"),
    ],
)
def test_each_fault_is_one_line_and_stands_in_the_log(project, kaggle_server, fault, words, status):
    kaggle_server.fault = fault
    refused(project, kaggle_server, *words, arguments=("try", "--wait", "1"))
    (entry,) = log(project)
    assert entry["status"] == status
    assert ("error" in entry) == (status != "sent")
    assert status == "not sent" or entry["ref"] == 42


def test_a_score_that_arrives_later_is_logged_by_list(project, kaggle_server):
    kaggle_server.fault = "never scored"
    refused(project, kaggle_server, "no score after 0 s", "--list", arguments=("try", "--wait", "0"))
    assert "sent" in submit(project, kaggle_server, "--list")[1].splitlines()[-1]
    assert log(project)[0]["status"] == "sent"
    kaggle_server.fault = "hang"
    status, output, _ = submit(project, kaggle_server, "--list")
    assert status == 0 and "could not be looked at" in output and "sent" in output
    kaggle_server.fault = "ok"
    assert "0.99757" in submit(project, kaggle_server, "--list")[2]
    (entry,) = log(project)
    assert (entry["status"], entry["public_score"]) == ("scored", "0.99757")
    looks = kaggle_server.looks
    submit(project, kaggle_server, "--list")
    assert kaggle_server.looks == looks, "nothing is open any more"


def test_what_was_not_sent_or_was_rejected_can_be_sent_again(project, kaggle_server):
    kaggle_server.fault = "rejected"
    refused(project, kaggle_server, "rejected")
    kaggle_server.fault = "ok"
    assert submit(project, kaggle_server, "again")[0] == 0
    assert [entry["status"] for entry in log(project)] == ["rejected", "scored"]


def test_a_damaged_log_is_said_before_anything_is_sent(project, kaggle_server):
    (project / LOG).write_text("[")
    refused(project, kaggle_server, LOG, "is damaged")
    assert kaggle_server.requests == []


def test_without_a_token_nothing_is_sent(project, kaggle_server):
    refused(project, kaggle_server, "token is missing", token=None)
    assert log(project)[0]["status"] == "not sent"
