"""The workflows and the Dockerfile use the Python versions and the commands that the Makefile has."""

import re

import graph
import pytest
import yaml

WORKFLOWS = sorted((graph.ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE, DOCKERFILE = ((graph.ROOT / name).read_text() for name in ("Makefile", "Dockerfile"))
SUPPORTED = ["3.11", "3.12", "3.13"]
TARGETS = set(re.findall(r"^([\w./-]+):(?!=)", MAKEFILE, re.MULTILINE))


def jobs(path):
    return yaml.safe_load(path.read_text())["jobs"].values()


def test_make_pull_requests_and_the_image_take_the_supported_pythons():
    assert re.search(r"^PYTHON := (.+)$", MAKEFILE, re.MULTILINE)[1] == ">=3.11,<3.14"
    (job,) = jobs(graph.ROOT / ".github/workflows/check.yml")
    assert job["strategy"]["matrix"]["python"] == SUPPORTED
    assert any(entry["os"].startswith("macos") for entry in job["strategy"]["matrix"]["include"])
    assert [step["run"] for step in job["steps"] if "run" in step][-2:] == ["make lint", "make test-quick"]
    assert re.findall(r"^FROM python:(\d+\.\d+)", DOCKERFILE, re.MULTILINE)[0] in SUPPORTED


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_make_takes_the_python_that_the_workflow_sets_up_and_each_action_has_a_version(path):
    permissions = yaml.safe_load(path.read_text())["permissions"]
    assert permissions.items() <= {"contents": "read", "pull-requests": "write"}.items()
    for job in jobs(path):
        used = [step for step in job["steps"] if "uses" in step]
        (python,) = (step["with"]["python-version"] for step in used if "setup-uv" in step["uses"])
        assert job["env"]["MAKEFLAGS"] == f"PYTHON={python}" and python in [*SUPPORTED, "${{ matrix.python }}"]
        for step in used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"]), step
            assert "checkout" not in step["uses"] or step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(
    "name", [".github", "Dockerfile", "CONTRIBUTING.md", "CHANGELOG.md", "MODEL_CARD.md", "README.md"]
)
def test_each_make_target_that_a_file_names_exists(name):
    files = graph.tracked_files(name)
    commands = r"(?:^\s*|`|run: |&& |digits )make ([a-z.][\w./-]*)"
    named = {target for path in files for target in re.findall(commands, path.read_text(), re.MULTILINE)}
    assert files and named <= TARGETS, named - TARGETS


def test_the_image_is_built_from_files_that_the_build_may_read():
    allowed = (graph.ROOT / ".dockerignore").read_text().splitlines()
    for name in " ".join(re.findall(r"^COPY (.+) \./$", DOCKERFILE, re.MULTILINE)).split():
        assert f"!{name}" in allowed and (graph.ROOT / name).exists(), name
