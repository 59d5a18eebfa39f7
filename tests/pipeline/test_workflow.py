"""The workflows and the Dockerfile use the Python versions and the commands that the Makefile has."""

import re

import graph
import pytest
import yaml

WORKFLOWS = sorted((graph.ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE = (graph.ROOT / "Makefile").read_text()
SUPPORTED = ["3.11", "3.12", "3.13"]
TARGETS = set(re.findall(r"^([\w./-]+):(?!=)", MAKEFILE, re.MULTILINE))


def jobs(path):
    return yaml.safe_load(path.read_text())["jobs"].values()


def steps(path):
    return [step for job in jobs(path) for step in job["steps"]]


def python_of_make(job):
    """Return the version that `make` is told to take, by a variable in MAKEFLAGS."""
    return job["env"]["MAKEFLAGS"].removeprefix("PYTHON=")


def python_of_setup(job):
    (version,) = (step["with"]["python-version"] for step in job["steps"] if "setup-uv" in step.get("uses", ""))
    return version


def test_make_takes_the_supported_pythons():
    assert re.search(r"^PYTHON := (.+)$", MAKEFILE, re.MULTILINE)[1] == ">=3.11,<3.14"


def test_pull_requests_are_checked_with_each_supported_python_and_on_macos():
    (job,) = jobs(graph.ROOT / ".github/workflows/check.yml")
    matrix = job["strategy"]["matrix"]
    assert matrix["python"] == SUPPORTED
    others = [entry for entry in matrix["include"] if entry["os"].startswith("macos")]
    assert others and all(entry["python"] in SUPPORTED for entry in others)
    assert [step["run"] for step in job["steps"] if "run" in step][-2:] == ["make lint", "make test-quick"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_make_takes_the_python_that_the_workflow_sets_up(path):
    for job in jobs(path):
        assert python_of_make(job) == python_of_setup(job)
        assert python_of_make(job) in [*SUPPORTED, "${{ matrix.python }}"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_comment_and_names_the_version_of_each_action(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"].items() <= {"contents": "read", "pull-requests": "write"}.items()
    for step in steps(path):
        assert "run" in step or re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"]), step
        assert "checkout" not in step.get("uses", "") or step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(
    "name", [".github", "Dockerfile", "CONTRIBUTING.md", "CHANGELOG.md", "MODEL_CARD.md", "README.md"]
)
def test_each_make_target_that_a_file_names_exists(name):
    files = graph.tracked_files(name)
    commands = r"(?:^\s*|`|run: |&& |digits )make ([a-z.][\w./-]*)"
    named = {target for path in files for target in re.findall(commands, path.read_text(), re.MULTILINE)}
    assert files and named <= TARGETS, named - TARGETS


def test_the_image_is_built_from_files_that_the_build_may_read():
    copied = re.findall(r"^COPY (.+) \./$", (graph.ROOT / "Dockerfile").read_text(), re.MULTILINE)
    allowed = (graph.ROOT / ".dockerignore").read_text().splitlines()
    for name in " ".join(copied).split():
        assert f"!{name}" in allowed and (graph.ROOT / name).exists(), name


def test_the_image_has_a_supported_python():
    (version,) = re.findall(r"^FROM python:(\d+\.\d+)", (graph.ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert version in SUPPORTED
