"""What reruns when something changes, and that it ends in the same bytes, on the sample."""

import json
import os
import shutil

import graph
import pytest
from dvc.repo import Repo
from project import Project, stages_run

AFTER_TRAINING = {"predict@0", "evaluate", "page", "submission"}
ALL = {"fetch", "prepare", "train@0"} | AFTER_TRAINING

OTHER_MACHINE = {  # variables that must not change a result
    "TF_NUM_INTRAOP_THREADS": "5",
    "OMP_NUM_THREADS": "3",
    "OPENBLAS_NUM_THREADS": "1",
    "LC_ALL": "C",  # in this locale DVC requires a path without umlauts
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "TZ": "Pacific/Kiritimati",
    "PYTHONHASHSEED": "4711",
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
}

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tiny_project, monkeypatch):
    """The tiny project as its commit has it, and the current folder."""
    tiny_project.git("checkout", "-q", "--force", "HEAD")
    tiny_project.git("clean", "-qfd")
    tiny_project.git("clean", "-qfX", "data/incoming")
    monkeypatch.chdir(tiny_project.folder)
    with Repo() as repo:  # in this process: started as a command, DVC takes seconds
        repo.checkout(force=True)
    return tiny_project


def changed_stages():
    with Repo() as repo:
        return set(repo.status())


def test_without_a_change_nothing_runs(project):
    assert project.repro() == []


@pytest.mark.parametrize(
    ("change", "stages"),  # the report shows every setting
    [
        ({"seed": 5}, {"prepare", "train@0", "evaluate"}),
        ({"split.folds": 5}, {"prepare", "evaluate"}),
        ({"lr": 0.1}, {"train@0", "evaluate"}),
        ({"source": "incoming"}, {"fetch", "evaluate"}),
        ({"network.dropout": 0.5}, {"train@0", "predict@0", "evaluate"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_changed_setting_reruns_the_stages_that_read_it_and_no_others(project, change, stages):
    project.set(**change)
    assert changed_stages() == stages


@pytest.mark.parametrize(
    ("edited", "stages"),
    [
        ("digits/model/network.py", {"train@0", "predict@0"}),
        ("digits/evaluation/metrics.py", {"evaluate"}),
        ("digits/data/splits.py", {"fetch", "prepare", "submission"}),
        ("digits/page/draw.css", {"page"}),
        ("stages/predict.py", {"predict@0"}),
        ("requirements.txt", ALL),
        ("digits/export.py", set()),
        ("digits/compare.py", set()),
        ("digits/summary.py", set()),
        ("predict_digit.py", set()),
        ("data/incoming/README.md", set()),
        ("data/incoming/test.csv", {"fetch", "prepare"}),
    ],
)
def test_edited_code_reruns_the_stages_that_depend_on_it_and_no_others(project, edited, stages):
    with open(project / edited, "a") as file:
        file.write("\n# a line that changes nothing\n")
    assert changed_stages() == stages


def test_a_compiled_module_is_no_change(project):
    (project / "digits/model/__pycache__").mkdir(exist_ok=True)
    (project / "digits/model/__pycache__/network.cpython-311.pyc").write_bytes(b"compiled")
    assert changed_stages() == set()


def one_core():
    """Let a process use one core only, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def furnish(home):
    """Write a user's own settings of Keras and Matplotlib into a home folder."""
    (home / ".keras").mkdir(parents=True)
    keras = {"floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first", "backend": "torch"}
    (home / ".keras/keras.json").write_text(json.dumps(keras))
    (home / ".config/matplotlib").mkdir(parents=True)
    (home / ".config/matplotlib/matplotlibrc").write_text("figure.facecolor: yellow\nfont.size: 20\nimage.cmap: gray\n")
    return home


@pytest.mark.faults
def test_a_forced_run_on_another_machine_leaves_the_same_bytes(project, tmp_path):
    before = (project / "dvc.lock").read_bytes()
    home = furnish(tmp_path / "home")
    machine = {"before_start": one_core, "HOME": str(home), **OTHER_MACHINE}
    assert set(stages_run(project.run("dvc", "repro", "--force", **machine).stdout)) == ALL
    assert (project / "dvc.lock").read_bytes() == before


def test_a_damaged_dvc_lock_is_restored_from_git_and_the_results_from_the_cache(project):
    lock, model = project / "dvc.lock", project / "models/member-0.keras"
    content, weights = lock.read_bytes(), model.read_bytes()
    lock.write_bytes(content[: len(content) // 2] + b"\n{")  # as a kill or a full disk may leave it
    model.unlink()
    failed = project.run("dvc", "repro", check=False)
    assert failed.returncode != 0 and "dvc.lock" in failed.stdout and "Traceback" not in failed.stdout
    project.git("checkout", "dvc.lock")
    assert project.repro() == []
    assert (lock.read_bytes(), model.read_bytes()) == (content, weights)


def test_make_names_what_has_changed_and_how_to_commit_it_as_the_baseline(project):
    project.install()
    project.set(class_names=list("abcdefghij"))
    printed = project.run("make").stdout
    assert stages_run(printed) == ["evaluate"] and "git commit" in printed and "dvc.lock, params.yaml" in printed
    project.git("checkout", "-q", "params.yaml")
    back = project.run("make").stdout
    assert stages_run(back) == [] and "git commit" not in back
    assert project.git("status", "--porcelain") == ""


def test_a_download_without_its_repository_gets_a_line_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    shutil.copy(graph.ROOT / "Makefile", tmp_path)
    ran = Project(tmp_path).run("make", check=False)
    assert ran.returncode != 0 and "not a git repository" in ran.stdout and "git init" in ran.stdout
