"""dvc.yaml agrees with the code: with its imports, its Params, and the files that it opens."""

import ast
import json
import sys

import graph
import pytest
import yaml
from project import TINY, write_competition

from digits import versions

STAGES = [path.stem for path in graph.stage_files()]
IMPORTED_WHEN_NEEDED = {  # by other sources than data/incoming, and after a search
    "evaluate": {"reports/search"},
    "fetch": {
        *(f"digits/data/sources/{name}.py" for name in ("kaggle", "mnist", "sample")),
        "digits/data/kaggle_client.py",
        "digits/data/kaggle_credentials.py",
        "digits/data/kaggle_requests.py",
    },
}

TRACE = """
import json, os, runpy, sys
root, out, stage, *arguments = sys.argv[1:]
opened, sys.dont_write_bytecode = {"read": set(), "written": set()}, True
def hook(event, details):
    if event == "open" and isinstance(details[0], (str, bytes)):
        path, mode, flags = details
        writing = flags & (os.O_WRONLY | os.O_RDWR) if isinstance(flags, int) else 0
        opened["written" if writing else "read"].add(os.path.relpath(os.path.abspath(os.fsdecode(path)), root))
    if event == "os.rename":
        for place in details[:2]:
            opened["written"].add(os.path.relpath(os.path.abspath(os.fsdecode(place)), root))
sys.addaudithook(hook)
sys.argv[:] = [stage, *arguments]
sys.path[0] = root
try:
    runpy.run_module("stages." + stage, run_name="__main__", alter_sys=True)
finally:
    found = {kind: sorted(p for p in paths if not p.startswith("..")) for kind, paths in opened.items()}
    with open(out, "w") as file:
        json.dump(found, file)
"""


def test_every_stage_file_is_a_stage_and_every_stage_a_file():
    assert sorted(graph.definition()) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_source_files_it_is_made_of_and_no_others(stage):
    sources = {str(path.relative_to(graph.ROOT)) for path in graph.source_files(graph.ROOT / f"stages/{stage}.py")}
    assert {dep for dep in graph.dependencies(stage) if dep.startswith(("digits/", "stages/"))} == sources


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_parameters_it_declares_and_no_others(stage):
    assert {name for name in graph.definition()[stage]["params"] if isinstance(name, str)} == graph.parameters(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_versions_of_the_packages_it_computes_with_and_no_others(stage):
    modules = {"sklearn": "scikit-learn", "PIL": "pillow"}
    imported = {modules.get(name, name) for name in graph.imported_packages(graph.ROOT / f"stages/{stage}.py")}
    if stage == "fetch":
        imported -= {"keras", "tensorflow"}  # which download MNIST and compute nothing
    listed = next(entry["versions.yaml"] for entry in graph.definition()[stage]["params"] if isinstance(entry, dict))
    assert listed == sorted(imported & set(versions.PACKAGES))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_keeps_its_outs_in_dvcs_cache(stage):
    for out in graph.definition()[stage]["outs"]:
        options = {} if isinstance(out, str) else next(iter(out.values()))
        assert options in ({}, {"push": False}), "`cache: false` here, unlike in plots, ends the run cache"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_uses_each_parameter_it_declares(stage):
    source = (graph.ROOT / f"stages/{stage}.py").read_text()
    if "params.model_dump()" in source:  # given to this module
        source += (graph.ROOT / "digits/model/training.py").read_text()
    used = {
        ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute | ast.Subscript)
    }
    for name in graph.parameters(stage) - {"compute.gpus"}:  # which the cluster reads
        section = name.split(".")[0]
        assert {f"params.{name}", f"params.{section}.model_dump", f"settings['{section}']"} & used, name


def test_the_settings_of_the_tests_are_those_of_params_yaml_by_name():
    assert _names(graph.PARAMS) == _names(graph.ROOT / "params.yaml")


def test_every_setting_is_read_by_a_stage():
    assert _names(graph.PARAMS) == set().union(*map(graph.parameters, STAGES))


def _names(path):
    settings = yaml.safe_load(path.read_text())
    return {
        f"{key}.{name}" if name else key
        for key, value in settings.items()
        for name in (value if isinstance(value, dict) else [""])
    }


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_opens_its_deps_and_writes_its_outs_and_no_others(stage, traces):
    declared, traced = graph.definition()[stage], traces[stage]
    outs = [
        (next(iter(entry)) if isinstance(entry, dict) else entry).replace("${item.member}", "0")
        for kind in ("outs", "plots", "metrics")
        for entry in declared.get(kind, [])
    ]

    def belongs(path, places):
        return any(path == place or path.startswith(f"{place}/") for place in places)

    def of_a_stage(path):
        passing = "/.partial-", "/.dated-", "/__pycache__/"
        return path.startswith(("data/", "models/", "reports/", "digits/", "stages/")) and not any(
            part in path for part in passing
        )

    read = {path for path in traced["read"] if of_a_stage(path) or path in declared["deps"]} - set(traced["written"])
    written = {path for path in traced["written"] if of_a_stage(path)}
    assert {path for path in read if not belongs(path, graph.dependencies(stage))} == set()
    assert {path for path in written if not belongs(path, outs)} == set()
    assert {out for out in outs if not any(belongs(path, [out]) for path in written)} == set()
    unread = {dep for dep in graph.dependencies(stage) if not any(belongs(path, [dep]) for path in read)}
    assert unread <= IMPORTED_WHEN_NEEDED.get(stage, set()), "a dependency that nothing opens"


@pytest.fixture(scope="module")
def traces(make_project, few_digits, tmp_path_factory):
    """Run all stages once on data/incoming and trace what each opens: {stage: {"read": paths, "written": paths}}."""
    project = make_project(**TINY, source="incoming", **{"split.folds": 3})
    images, labels = few_digits
    write_competition(project / "data/incoming", images[:150], labels[:150], images[150:])
    out, traces = tmp_path_factory.mktemp("traces") / "trace.json", {}
    for stage in graph.definition():
        arguments = ["0"] if stage == "train" else []
        project.run(sys.executable, "-c", TRACE, str(project.folder), str(out), stage, *arguments)
        traces[stage] = json.loads(out.read_text())
    return traces
