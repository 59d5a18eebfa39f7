"""Submit to Kaggle: the checks before, the requests, the wait for the score, and the log."""

import json
import sys

import numpy as np
import pytest
from dvc.repo import Repo
from kaggle_server import TOKEN
from project import Project, write_settings

import submit_to_kaggle
from digits import errors
from digits.data import kaggle_csv
from submit_to_kaggle import LOG, METRICS, SUBMISSION

ANSWERS = np.arange(28_000) % 10


@pytest.fixture
def folder(tmp_path, kaggle_server, monkeypatch):
    """A working folder with a valid submission, and this process connected to the server."""
    kaggle_csv.write_submission(tmp_path / SUBMISSION, ANSWERS)
    (tmp_path / METRICS).write_text('{"oof_accuracy": 0.98765}')
    write_settings(tmp_path)
    Project(tmp_path).set(source="kaggle")
    Project(tmp_path).git("init", "-q")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(submit_to_kaggle, "POLL_INTERVAL", 0.01)
    kaggle_server.connect(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def submit(folder, monkeypatch, capfd):
    """Run the script, by default with --force, since the folder has no pipeline; return its output."""

    def run(*arguments, force=True):
        monkeypatch.setattr(sys, "argv", ["submit_to_kaggle.py", *arguments, *["--force"] * force])
        submit_to_kaggle.main()
        output = "".join(capfd.readouterr())
        assert TOKEN not in output
        return output

    return run


@pytest.fixture
def refused(submit):
    """Run the script, which must fail in one line with these words."""

    def run(*words, arguments=("try",), **more):
        with pytest.raises(errors.InputError) as refused:
            submit(*arguments, **more)
        assert all(word in str(refused.value) for word in words), refused.value
        assert str(refused.value).isprintable()

    return run


def log():
    return json.loads(LOG.read_text())


@pytest.fixture
def project(tiny_project, folder, monkeypatch):
    """A project after `dvc repro`, as if with the competition's images, the results committed."""
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    tiny_project.set(source="incoming")
    monkeypatch.chdir(tiny_project.folder)
    with Repo() as repo:
        repo.checkout(force=True)
        kaggle_csv.write_submission(tiny_project / SUBMISSION, ANSWERS)
        repo.commit(force=True)
    tiny_project.git("commit", "-qa", "--allow-empty", "--message", "As if the images were the competition's")
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
    assert entry["commit"] == project.git("rev-parse", "--short=12", "HEAD").strip()
    assert (entry["status"], entry["public_score"], entry["message"]) == ("scored", "0.99757", "my first try")
    table = project.run(sys.executable, "submit_to_kaggle.py", "--list").stdout.splitlines()
    assert len(table) == 2 and all(word in table[1] for word in ["0.99757", entry["commit"], "my first try"])
    assert {host.split(":")[0] for host in kaggle_server.hosts} == {"localhost", "127.0.0.1"}
    for path in project.folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    (project / LOG).unlink()


@pytest.mark.slow
def test_a_submission_that_is_out_of_date_needs_force_and_is_marked(
    project, kaggle_server, refused, submit, monkeypatch
):
    monkeypatch.chdir(project.folder)
    project.set(lr=0.001)
    refused("out of date: train@0", "dvc repro", "--force", force=False)
    assert kaggle_server.requests == []
    submit("try")
    (entry,) = log()
    assert entry["commit"].endswith("-dirty") and entry["commit"] in submit("--list")
    LOG.unlink()


def test_a_failure_of_dvc_status_is_shown_as_dvc_reports_it(refused, capfd):
    refused("`dvc status` failed", force=False)
    assert "not inside of a DVC repository" in capfd.readouterr().err


def test_it_waits_for_the_score_and_submits_a_file_only_once(submit, refused, kaggle_server):
    kaggle_server.fault = "slow scoring"
    assert submit("try").count("waiting for the score") == 2
    refused("was submitted on", "score 0.99757")
    assert len(kaggle_server.submissions) == 1


def test_a_dry_run_does_everything_but_send(submit, refused, kaggle_server):
    assert "nothing was sent" in submit("try", "--dry-run")
    kaggle_csv.write_submission(SUBMISSION, ANSWERS[:2000])
    refused("2,000 answers", "28,000", "source: kaggle", arguments=("try", "--dry-run"))
    SUBMISSION.write_text("ImageId,Label\n1,12\n")
    refused("line 2", "Label", "'12'")
    SUBMISSION.unlink()
    refused("submission.csv is missing", "dvc repro")
    assert kaggle_server.requests == [] and not LOG.exists()


@pytest.mark.parametrize("source", ["sample", "mnist"])
def test_what_was_trained_on_images_of_the_test_set_is_never_sent(folder, refused, kaggle_server, source):
    Project(folder).set(source=source)
    refused(f"source: {source}", "test set", "source: kaggle")
    assert kaggle_server.requests == [] and not LOG.exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("failed upload", ["refused the upload (403)", "run it again"]),
        ("daily limit", ["(400)", "submission allowance"]),
        ("lost", ["could not be reached", "whether it arrived"]),
        ("401", ["your token (401)"]),
        ("no token", ["token is missing"]),
    ],
)
def test_what_was_not_sent_is_no_entry_of_the_log(refused, submit, kaggle_server, monkeypatch, fault, words):
    kaggle_server.fault = fault
    with monkeypatch.context() as patch:
        if fault == "no token":
            patch.delenv("KAGGLE_API_TOKEN")
        refused(*words)
    assert not LOG.exists()
    assert kaggle_server.count("CreateSubmission") <= 1, "a submission may have arrived although its answer is lost"
    kaggle_server.fault = "ok"
    submit("again")
    assert [entry["status"] for entry in log()] == ["scored"]


def test_a_rejected_file_is_logged_with_the_reason_and_may_be_submitted_again(submit, refused, kaggle_server):
    kaggle_server.fault = "rejected"
    refused("Kaggle rejected the file", "ids do not match")
    assert log()[0]["status"] == "rejected" and "ids do not match" in submit("--list")
    kaggle_server.fault = "ok"
    submit("again")


def test_a_score_that_arrives_later_is_logged_by_list(submit, refused, kaggle_server):
    kaggle_server.fault = "never scored"
    refused("not scored after 0 s", "--list", arguments=("try", "--wait", "0"))
    kaggle_server.fault = "503"
    output = submit("--list")
    assert "could not be looked up" in output and "(503)" in output and log()[0]["status"] == "sent"
    kaggle_server.fault = "ok"
    assert "0.99757" in submit("--list")
    assert [(entry["status"], entry["public_score"]) for entry in log()] == [("scored", "0.99757")]


def test_a_damaged_log_is_reported_before_anything_is_sent(refused, kaggle_server):
    LOG.write_text("<<<<<<< HEAD\n[")
    refused(str(LOG), "is damaged", "git checkout")
    assert kaggle_server.requests == []
