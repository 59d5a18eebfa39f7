"""Every command of docs/experiments.md, in its order, and what it leaves behind."""

import json
import re

import graph
import pytest
from dvc.repo import Repo
from project import stages_run

pytestmark = pytest.mark.slow


def read_chapter():
    """Read the page up to the meaning of the metrics: [(command, lines it prints), …]."""
    chapter, _, _ = (graph.ROOT / "docs/experiments.md").read_text().partition("\n## ")
    commands, is_output = [], False
    for line in chapter.splitlines():
        if line.startswith("```"):
            is_output = not is_output
        elif is_output:
            commands[-1][1].append(line)
        elif line.startswith("    "):
            commands.append((re.sub(r"\s+#.*", "", line.strip()), []))
    assert commands[0] == ("source .venv/bin/activate", [])
    return commands[1:]


@pytest.fixture(scope="module")
def project(tiny_project):
    """Return the tiny project as if `make` had set it up."""
    tiny_project.install()
    return tiny_project


@pytest.fixture(scope="module")
def typed(project):
    """Type the commands: what they print {command: output}, and what they leave {command: git status}."""
    (project / "notes.txt").write_text("something to commit\n")
    printed, left = {}, {}
    for command, _ in read_chapter():
        shorter = command.replace("[0,1,2]", "[0,1]")  # a third network teaches no more, and takes time
        printed[command] = project.run("bash", "-c", shorter).stdout
        left[command] = project.git("status", "--porcelain")
    return printed, left


def one(texts, *words):
    """Return the text of the first command that contains all words, of {command: text}."""
    return next(text for command, text in texts.items() if all(word in command for word in words))


def mask(line):
    """Replace numbers, hashes, verdicts and the width of columns, which differ between settings and machines."""
    line = re.sub(r"\[\d(, ?\d)*\]", "#", line)
    line = re.sub("now better|now worse|may be chance", "verdict", re.sub("[├└│─]", " ", line))
    return re.sub(r"\b[0-9a-f]{7}\b|[+-]?\d[\d.e-]*", "#", line).split()


def test_each_command_prints_what_the_page_shows(typed):
    shown = [(command, lines) for command, lines in read_chapter() if lines]
    assert len(shown) >= 4
    for command, lines in shown:
        actual = [mask(line) for line in typed[0][command].splitlines()]
        for line in lines:
            words = [word for word in mask(line) if word != "…"]
            assert any(_is_part(words, printed) for printed in actual), (command, line)


def _is_part(words, printed):
    """Return whether the words occur in a line in this order."""
    rest = iter(printed)
    return all(word in rest for word in words)


def diff(project, kind, *revisions):
    """Return what `dvc metrics diff` or `dvc params diff` finds, {name: difference}, without starting it."""
    with Repo(project.folder) as repo:
        (differences,) = getattr(repo, kind).diff(*revisions)["diff"].values()
    return differences


def test_an_experiment_runs_what_its_setting_touches_and_leaves_the_workspace_as_it_was(typed):
    printed, left = typed
    assert sorted(stages_run(one(printed, "--temp", "small"))) == [
        "evaluate",
        "page",
        "predict@0",
        "submission",
        "train@0",
    ]
    for command in [command for command in left if "exp run" in command]:
        assert left[command] == "", command


@pytest.mark.parametrize(("name", "setting"), [("ensemble", "members"), ("small", "network.width")])
def test_experiments_do_not_accumulate(project, typed, name, setting):
    assert list(diff(project, "params", "smaller~", name)) == [setting]


def test_the_effect_of_an_experiment_is_shown_in_metrics_of_both_kinds_of_images(project, typed):
    assert "oof_log_loss" in one(typed[0], "dvc metrics diff")
    assert {"accuracy", "errors", "log_loss", "gain"} <= set(diff(project, "metrics", "smaller~", "ensemble"))


def test_the_table_of_experiments_has_the_metrics_and_every_setting_that_differs(project, typed):
    for table in one(typed[0], "make experiments"), project.run("make", "experiments").stdout:  # also after a commit
        header = next(line for line in table.splitlines() if "Experiment" in line)
        columns = {cell.strip() for cell in header.split("|")} - {""}
        assert {"accuracy", "errors", "members", "network.width"} <= columns and not {"epochs", "lr"} & columns
        assert "…" not in table and not re.search(r"[0-9a-f]{32}", table)
        assert all(f"[{name}]" in table for name in ("ensemble", "small"))


def test_one_loss_chart_and_one_accuracy_chart_show_every_member_with_titles(project, typed):
    drawn = json.loads(project.run("dvc", "plots", "diff", "smaller~", "ensemble", "--json").stdout)
    assert not drawn.get("errors")
    assert list(drawn["data"]) == [
        "Loss",
        "Accuracy",
        "Confusion matrix",
        "F1 score of each digit",
        "Reliability",
        "Labels",
        "reports/plots/mistakes.png",
    ]
    points = drawn["data"]["Loss"][0]["content"]["data"]["values"]
    shown = {(point["rev"], point["member"]) for point in points}
    assert shown == {("smaller~", "0"), ("ensemble", "0"), ("ensemble", "1")}
    assert {point["images"] for point in points} == {"training", "validation"}


def test_a_result_is_kept_on_a_branch_or_applied_and_undone_and_committed(project, typed):
    _, left = typed
    assert "smaller" in project.git("branch")
    assert "width: 4" in project.git("show", "smaller:params.yaml")
    assert one(left, "reset --hard") == ""
    assert project.git("status", "--porcelain") == "" and "up to date" in project.run("dvc", "status").stdout
    assert project.git("log", "-1", "--format=%s").strip() == "Average three networks"
    assert {path.name for path in (project / "models").iterdir()} == {"member-0.keras", "member-1.keras"}


def test_the_registry_hands_out_the_model(project, typed, tmp_path):
    project.run("gto", "register", "digit-recognizer")
    project.run("dvc", "artifacts", "get", ".", "digit-recognizer", "-o", str(tmp_path / "got"))
    assert (tmp_path / "got/member-0.keras").read_bytes() == (project / "models/member-0.keras").read_bytes()


def test_an_experiment_with_a_wrong_setting_ends_with_one_line_before_any_work(project, typed):
    ran = project.run("dvc", "exp", "run", "-S", "lr=-1", check=False)
    assert ran.returncode != 0 and "Traceback" not in ran.stdout
    errors = [line for line in ran.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and all(fact in errors[0] for fact in ("params.yaml", "lr", "-1"))
    assert project.git("status", "--porcelain", "--untracked-files=no").splitlines() == [" M params.yaml"]
    assert not list((project / ".work").glob("*")), "no training has begun"
    project.git("checkout", "-q", "--force", "HEAD")


def test_a_wrong_setting_of_the_last_stage_stops_the_first(make_project):
    project = make_project(members=[0, 12])
    ran = project.run("dvc", "repro", check=False)
    assert ran.returncode != 0 and len(stages_run(ran.stdout)) == 1
    error = next(line for line in ran.stdout.splitlines() if line.startswith("error: "))
    assert all(fact in error for fact in ("params.yaml", "members", "12", "split.folds", "10"))
    assert not (project / "data/raw").exists()
