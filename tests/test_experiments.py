"""What people type to try something: dvc exp, the diffs, the queue, the plots, the registry."""

import json
import time

import pytest

from project import stages_run

pytestmark = pytest.mark.slow


def test_the_registry_hands_out_the_model(tiny_project):
    tiny_project.run("gto", "register", "digit-recognizer")
    tiny_project.run("dvc", "artifacts", "get", ".", "digit-recognizer", "-o", "got")
    assert (tiny_project / "got/member-0.keras").read_bytes() == (tiny_project / "models/member-0.keras").read_bytes()


@pytest.fixture(scope="module")
def experiment(tiny_project):
    """The tiny project after `dvc exp run -S lr=0.001`, and the stages that it ran."""
    output = tiny_project.run("dvc", "exp", "run", "-n", "slow-learner", "-S", "lr=0.001").stdout
    return tiny_project, stages_run(output)


def test_an_experiment_with_another_lr_runs_what_the_lr_touches(experiment):
    assert sorted(experiment[1]) == ["evaluate", "predict", "submission", "train@0"]


def test_the_diffs_show_what_changed_and_what_it_did(experiment):
    project, _ = experiment
    params = json.loads(project.run("dvc", "params", "diff", "--json").stdout)["params.yaml"]
    assert list(params) == ["lr"] and params["lr"]["new"] == 0.001
    metrics = json.loads(project.run("dvc", "metrics", "diff", "--json").stdout)["reports/metrics.json"]
    assert metrics["oof_log_loss"]["diff"] != 0 and len(metrics) <= 12
    table = project.run("dvc", "exp", "show", "--md").stdout
    assert "slow-learner" in table and "heldout_accuracy" in table and "0.001" in table
    assert "lr" in project.run("dvc", "exp", "diff", "HEAD", "slow-learner", "--md").stdout


def test_the_plots_hold_the_confusion_matrix_the_curves_and_the_pictures(experiment):
    project, _ = experiment
    shown = json.loads(project.run("dvc", "plots", "diff", "HEAD", "--json").stdout)
    drawn = set(shown["data"])
    assert {
        "reports/plots/confusion.csv",
        "reports/plots/confusion.png",
        "reports/plots/mistakes.png",
        "reports/plots/per_digit.csv",
        "reports/plots/reliability.csv",
        "reports/plots/reliability.png",
        "reports/labels/counts.csv",
        "reports/labels/bars.png",
        "reports/labels/pie.png",
    } <= drawn
    for curve in ("train/accuracy", "train/loss", "train/learning_rate", "validation/accuracy", "validation/loss"):
        assert f"reports/training/member-0/{curve}.tsv" in drawn
    assert not shown.get("errors")
    project.run("dvc", "plots", "show")
    page = (project / "dvc_plots/index.html").read_text()
    assert "Confusion matrix" in page and "validation" in page


def test_an_experiment_with_a_wrong_setting_ends_in_a_line_before_any_work(tiny_project):
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    tiny_project.run("dvc", "checkout", "-q", "--force")
    ran = tiny_project.run("dvc", "exp", "run", "-S", "lr=-1", check=False)
    assert ran.returncode != 0 and "Traceback" not in ran.stdout
    assert [said for said in ran.stdout.splitlines() if said.startswith("error: ")] == [
        "error: params.yaml: lr is -1; a number above 0 to 1 belongs there"
    ]
    touched = tiny_project.git("status", "--porcelain", "--untracked-files=no").splitlines()
    assert [entry for entry in touched if not entry.startswith(" D reports/training/")] == [" M params.yaml"], "DVC clears a stage's place"
    assert not list((tiny_project / ".work").glob("*")), "no training has begun"
    tiny_project.git("checkout", "-q", "--force", "HEAD")


def test_a_wrong_setting_of_the_last_stage_stops_the_first(make_project):
    project = make_project(members=[0, 12])
    ran = project.run("dvc", "repro", check=False)
    assert ran.returncode != 0 and len(stages_run(ran.stdout)) == 1
    assert "error: params.yaml: members has 12, but split.folds is 10: members are numbers from 0 to 9" in ran.stdout.splitlines()
    assert not (project / "data/raw").exists()


def test_a_queue_of_experiments_runs_two_at_a_time_in_a_clean_clone(tiny_project):
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    before = tiny_project.run("dvc", "exp", "list", "--name-only").stdout.split()
    tiny_project.run("dvc", "exp", "run", "--queue", "-S", "lr=0.002,0.003")
    tiny_project.run("dvc", "queue", "start", "-j", "2")
    deadline = time.monotonic() + 240
    while {"Queued", "Running"} & set((status := tiny_project.run("dvc", "queue", "status").stdout).split()):
        assert time.monotonic() < deadline, status
        time.sleep(2)
    assert status.count("Success") == 2, status
    after = tiny_project.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert len(after) == len(before) + 2 and set(before) < set(after)
