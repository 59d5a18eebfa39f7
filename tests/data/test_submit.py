"""Submit to Kaggle: the checks before, the requests, the wait for the score, and the log."""

import json
import shutil
import sys

import graph
import numpy as np
import pytest
from kaggle_server import TOKEN
from project import Project

import submit_to_kaggle
from digits import errors
from digits.data import kaggle_csv
from submit_to_kaggle import LOG, METRICS, SAMPLE, SUBMISSION


@pytest.fixture
def folder(tmp_path, kaggle_server, monkeypatch):
    """A working folder with a valid submission of 50 answers, and this process connected to the server."""
    for path in (SUBMISSION, SAMPLE):
        (tmp_path / path).parent.mkdir(parents=True)
        kaggle_csv.write_submission(tmp_path / path, np.arange(50) % 10)
    (tmp_path / METRICS).write_text('{"oof_accuracy": 0.98765}')
    shutil.copy(graph.PARAMS, tmp_path / "params.yaml")
    Project(tmp_path).set(source="kaggle")
    Project(tmp_path).git("init", "-q")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(submit_to_kaggle, "POLL_INTERVAL", 0.01)
    kaggle_server.connect(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def submit(folder, monkeypatch, capfd):
    """Run the script, by default with --force, since the folder has no pipeline: exit status, output, its last line."""

    def run(*arguments, force=True):
        monkeypatch.setattr(sys, "argv", ["submit_to_kaggle.py", *arguments, *["--force"] * force])
        try:
            status, message = errors.run(submit_to_kaggle.main) or 0, ""
        except SystemExit as stopped:
            status, message = 1, f"{stopped}\n"
        output = "".join(capfd.readouterr()) + message
        assert TOKEN not in output
        return status, output, output.strip().splitlines()[-1]

    return run


@pytest.fixture
def refused(submit):
    """Run the script, which must fail in one line with these words."""

    def run(*words, arguments=("try",), **more):
        status, output, last = submit(*arguments, **more)
        assert status == 1 and last.startswith("error: "), output
        assert all(word in last for word in words), last

    return run


def log():
    return json.loads(LOG.read_text())


@pytest.fixture
def project(tiny_project, folder):
    """A project after `dvc repro` with the user's own images, the results committed, and the server to submit to."""
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    tiny_project.run("dvc", "checkout", "--quiet", "--force")
    tiny_project.set(source="incoming")
    tiny_project.run("dvc", "commit", "--quiet", "--force")
    tiny_project.git("commit", "-qa", "--allow-empty", "--message", "As if the images were not the sample's")
    return tiny_project


@pytest.mark.slow
def test_make_submit_sends_the_submission_and_logs_its_score_with_the_commit(project, kaggle_server, tmp_path):
    environment = kaggle_server.environment(tmp_path)
    output = project.run("make", "-o", ".venv/ready", "submit", "MESSAGE=my first try", **environment).stdout
    assert "public score           0.99757" in output
    assert f"out-of-fold accuracy   {json.loads((project / METRICS).read_text())['oof_accuracy']:.5f}" in output
    assert kaggle_server.uploads == [(project / SUBMISSION).read_bytes()]
    assert [request["submissionDescription"] for request in kaggle_server.submissions.values()] == ["my first try"]
    (entry,) = json.loads((project / LOG).read_text())
    assert entry["commit"] == project.git("rev-parse", "HEAD").strip()
    assert (entry["status"], entry["public_score"], entry["message"]) == ("scored", "0.99757", "my first try")
    table = project.run(sys.executable, "submit_to_kaggle.py", "--list").stdout.splitlines()
    assert len(table) == 2 and all(word in table[1] for word in ["0.99757", entry["commit"][:12], "my first try"])
    assert {host.split(":")[0] for host in kaggle_server.hosts} == {"localhost", "127.0.0.1"}
    for path in project.folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    (project / LOG).unlink()


@pytest.mark.slow
@pytest.mark.parametrize("change", ["submission", "setting"])
def test_a_submission_that_is_out_of_date_needs_force(project, kaggle_server, refused, submit, monkeypatch, change):
    monkeypatch.chdir(project.folder)
    if change == "setting":
        project.set(lr=0.001)
    else:
        kaggle_csv.write_submission(SUBMISSION, 9 - kaggle_csv.read_submission(SUBMISSION))
    refused("has changed", "dvc repro", "--force", force=False)
    assert kaggle_server.requests == []
    assert submit("try")[0] == 0
    assert log()[0]["commit"].endswith("-dirty") == (change == "setting"), "DVC, not Git, keeps the submission"
    LOG.unlink()


def test_a_file_is_submitted_only_once(submit, refused, kaggle_server):
    assert submit("try")[0] == 0
    refused("was submitted on", "score 0.99757")
    assert len(kaggle_server.submissions) == 1


def test_a_dry_run_does_everything_but_send(submit, refused, kaggle_server):
    status, output, last = submit("try", "--dry-run")
    assert status == 0 and "nothing was sent" in last and "50 answers" in output
    SUBMISSION.unlink()
    refused("submission.csv is missing", arguments=("try", "--dry-run"))
    assert kaggle_server.requests == [] and not LOG.exists()


def test_an_invalid_file_is_never_sent(refused, kaggle_server):
    SUBMISSION.write_text("".join(SUBMISSION.read_text().splitlines(keepends=True)[:-1]))
    refused("49 answers", "50 ids")
    SUBMISSION.write_text("ImageId,Label\n1,12\n")
    refused("line 2", "Label", "'12'")
    assert kaggle_server.requests == []


def test_what_was_trained_on_images_of_the_test_set_is_never_sent(folder, refused, kaggle_server):
    for source in "sample", "mnist":
        Project(folder).set(source=source)
        refused(f"source: {source}", "test set", "source: kaggle")
    assert kaggle_server.requests == [] and not LOG.exists()


def test_it_waits_for_the_score(submit, kaggle_server):
    kaggle_server.fault = "slow scoring"
    status, output, _ = submit("try")
    assert status == 0 and output.count("waiting for the score") == 2


@pytest.mark.parametrize(
    ("fault", "words", "status"),
    [
        ("failed upload", ["refused the upload (403)"], "not sent"),
        ("daily limit", ["(400)", "submission allowance (10 of 10)"], "not sent"),
        ("lost", ["could not be reached", "whether it arrived"], "not sent"),
        ("401", ["your token (401)"], "not sent"),
        ("503", ["(503)", "try again later"], "not sent"),
        ("hang", ["did not answer in time"], "not sent"),
        ("rejected", ["Kaggle rejected the file", "ids do not match"], "rejected"),
        ("never scored", ["not scored after 0.1 s", "--list"], "sent"),
    ],
)
def test_a_fault_of_kaggle_is_one_line_and_logged(refused, submit, kaggle_server, monkeypatch, fault, words, status):
    kaggle_server.fault = fault
    if fault == "hang":
        monkeypatch.setattr("digits.data.kaggle_requests.TIMEOUTS", (5, 0.2))
    refused(*words, arguments=("try", "--wait", "0.1"))
    (entry,) = log()
    assert entry["status"] == status and ("error" in entry) == (status != "sent")
    assert status == "not sent" or entry["ref"] == 42
    assert kaggle_server.count("CreateSubmission") <= 1, "a submission may have arrived although its answer is lost"
    if status != "sent":
        kaggle_server.fault = "ok"
        assert submit("again")[0] == 0 and [entry["status"] for entry in log()] == [status, "scored"]


def test_a_score_that_arrives_later_is_logged_by_list(submit, refused, kaggle_server):
    kaggle_server.fault = "never scored"
    refused("not scored after 0 s", "--list", arguments=("try", "--wait", "0"))
    assert "sent" in submit("--list")[2]
    kaggle_server.fault = "503"
    status, output, _ = submit("--list")
    assert status == 0 and "could not be looked up" in output and "(503)" in output
    assert log()[0]["status"] == "sent"
    kaggle_server.fault = "ok"
    assert "0.99757" in submit("--list")[2]
    assert [(entry["status"], entry["public_score"]) for entry in log()] == [("scored", "0.99757")]
    lookups = kaggle_server.lookups
    submit("--list")
    assert kaggle_server.lookups == lookups, "no submission is without a score"


def test_a_damaged_log_is_reported_before_anything_is_sent(refused, kaggle_server):
    LOG.write_text("[")
    refused(str(LOG), "is damaged", "git checkout")
    assert kaggle_server.requests == []


def test_without_a_token_nothing_is_sent(refused, kaggle_server, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    refused("token is missing")
    assert log()[0]["status"] == "not sent" and kaggle_server.requests == []
