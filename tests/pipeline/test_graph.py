"""dvc.yaml agrees with the code: with its imports, its Params, and the files that it opens."""

import re

import graph
import pytest

from digits.settings import Settings

STAGES = [path.stem for path in graph.stage_files()]
UNUSED_HERE = {"fetch": {"data/incoming"}, "prepare": {"data/incoming"}}  # with the sample, and without drawings


def belongs(path, places):
    return any(path == place or path.startswith(f"{place}/") for place in places)


def names(stage, kind):
    """Return the paths of a stage's deps, outs or metrics, with 0 as the member."""
    entries = graph.definition()[stage].get(kind, [])
    paths = (entry if isinstance(entry, str) else next(iter(entry)) for entry in entries)
    return {path.replace("${item.member}", "0") for path in paths}


def test_every_stage_file_is_a_stage_and_every_stage_a_file():
    assert sorted(graph.definition()) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_it_imports_and_on_no_other(stage):
    imported = {str(path.relative_to(graph.ROOT)) for path in graph.source_files(graph.ROOT / f"stages/{stage}.py")}
    code = {dep for dep in names(stage, "deps") if dep.startswith(("digits/", "stages/"))}
    assert {file for file in imported if not belongs(file, code)} == set(), "imported, but no dependency in dvc.yaml"
    unused = {dep for dep in code if not any(belongs(file, [dep]) for file in imported)}
    assert unused == set(), "a dependency in dvc.yaml that the stage does not import"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_pinned_packages(stage):
    assert "requirements.txt" in names(stage, "deps")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_settings_that_it_declares_and_no_others(stage):
    if "params.yaml" not in names(stage, "deps"):
        assert set(graph.definition()[stage].get("params", [])) == graph.parameters(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_keeps_its_outs_in_dvcs_cache(stage):
    for out in graph.definition()[stage]["outs"]:
        options = {} if isinstance(out, str) else next(iter(out.values()))
        assert options in ({}, {"push": False}), "`cache: false` here, unlike in metrics, ends the run cache"


def test_every_setting_is_read_by_a_stage():
    assert set(Settings.model_fields) == set().union(*map(graph.parameters, STAGES))


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_its_dependencies_and_writes_its_outs_and_no_other_results(stage, tiny_run):
    lines = [line.split(" ", 1) for line in (tiny_run.parent / "traces" / stage).read_text().splitlines()]
    results = ("data/", "models/", "reports/")
    written = {re.sub(r"\.partial-\d+-", "", path) for kind, path in lines if kind == "write"}
    written = {path for path in written if path.startswith(results)}
    read = {path for kind, path in lines if kind == "read" and path.startswith(results)}
    deps, outs = names(stage, "deps"), names(stage, "outs") | names(stage, "metrics")
    assert {path for path in read if not belongs(path, deps | outs)} == set(), "read, but no dependency in dvc.yaml"
    assert {path for path in written if not belongs(path, outs)} == set(), "written, but no output in dvc.yaml"
    unread = {dep for dep in deps if dep.startswith(results) and not any(belongs(path, [dep]) for path in read)}
    assert unread <= UNUSED_HERE.get(stage, set()), "a dependency in dvc.yaml that the stage does not read"
