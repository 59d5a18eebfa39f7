"""params.yaml: the committed file is valid, and an error in it is one line before anything is done, in any stage."""

from pathlib import Path

import graph
import pytest
import yaml
from dvc.utils.serialize import load_yaml
from project import Project, write_settings

from digits import errors, settings
from digits.errors import InputError
from digits.settings import Params, Settings
from stages import fetch, prepare

TEXT = (graph.ROOT / "params.yaml").read_text()  # for its comments; the values of the tests are the defaults
DEFAULTS = Settings().model_dump()
PARAMETERS = sorted(settings.dotted(Settings))
NUMBERS = [
    name for name in PARAMETERS if name not in ("source", "members", "batch_size", "compute.precision", "class_names")
]
SECTIONS = [name for name, value in DEFAULTS.items() if isinstance(value, dict)]
SCHEMA = Settings.model_json_schema()
BOUNDS = {"minimum": -1, "exclusiveMinimum": -1, "maximum": 1, "exclusiveMaximum": 1}  # and the direction out of range


def bounds(name):
    """{"minimum": 1, "maximum": 512}: the bounds of a number, and whether it is an integer."""
    place = SCHEMA
    for part in name.split("."):
        place = place["properties"][part]
        if "$ref" in place:
            place = SCHEMA["$defs"][place["$ref"].rpartition("/")[2]]
    return {kind: value for kind, value in place.items() if kind in BOUNDS}, place["type"] == "integer"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_settings(tmp_path)
    return Project(tmp_path)


def refusal(stage=fetch):
    """Run a stage that must reject params.yaml in one line without writing anything; return the line."""
    with pytest.raises(SystemExit) as stopped:
        errors.run(stage.main)
    message = str(stopped.value)
    assert message.startswith("error: params.yaml: ") and message.isprintable() and len(message) < 800, message
    assert not Path("data").exists()
    return message.removeprefix("error: params.yaml: ")


def test_the_committed_file_has_every_setting_and_no_other(monkeypatch):
    monkeypatch.chdir(graph.ROOT)
    Params.load()
    committed = settings.read("params.yaml")
    names = {f"{key}.{name}" for key in SECTIONS for name in committed[key]} | (committed.keys() - set(SECTIONS))
    assert names == set(PARAMETERS)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_value_of_another_type_is_refused(project, name):
    _, integer = bounds(name)
    for value in [None, "1", [1], True, float("nan"), float("inf")] + [1.0] * integer:
        project.set(**{name: value})
        message = refusal()
        assert message.startswith(f"{name}: ") and f"(got {value!r})" in message


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_range_is_refused_and_its_bounds_are_accepted(project, name):
    limits, integer = bounds(name)
    assert len(limits) == 2, "a number has a lowest and a highest value"
    for kind, bound in limits.items():
        outward, excluded = BOUNDS[kind] * (1 if integer else 1e-9), kind.startswith("exclusive")
        project.set(**{name: bound if excluded else bound + outward})
        message = refusal()
        assert message.startswith(f"{name}: ") and f" {bound:.12g}" in message and "(got " in message
        project.set(**{name: bound - outward if excluded else bound})
        Params.load()


@pytest.mark.parametrize("name", NUMBERS)
def test_the_comment_of_a_number_gives_its_range(name):
    section, _, key = name.rpartition(".")
    text = TEXT[TEXT.index(f"\n{section}:") :] if section else TEXT
    comment = next(line for line in text.splitlines() if line.strip().startswith(f"{key}:")).partition("#")[2]
    for bound in bounds(name)[0].values():
        assert f"{bound:.12g}" in comment, comment


@pytest.mark.parametrize(
    ("name", "value", "facts"),
    [
        ("source", "kagle", ["source: ", "'sample', 'kaggle'", "'kagle'"]),
        ("members", [], ["members: ", "at least 1"]),
        ("members", [0, 0], ["members: ", "0 is listed twice"]),
        ("members", [0, -1], ["members.1: ", "-1"]),
        ("members", [0, 10], ["members contains 10", "split.folds is 10", "0 to 9"]),
        ("batch_size", 0, ["batch_size: ", "auto", "10000", "0"]),
        ("batch_size", "64", ["batch_size: ", "auto", "'64'"]),
        ("class_names", ["0"], ["class_names: ", "10 items"]),
        ("class_names", ["a"] * 10, ["class_names: ", "two classes have the same name"]),
        ("compute.precision", "bfloat16", ["compute.precision: ", "'mixed_bfloat16'", "'bfloat16'"]),
    ],
)
def test_the_source_the_members_and_the_sections_are_checked(project, name, value, facts):
    project.set(**{name: value})
    message = refusal()
    assert all(fact in message for fact in facts), message


@pytest.mark.parametrize("name", [*PARAMETERS, *SECTIONS])
def test_a_missing_setting_has_its_default_and_a_misspelt_one_gets_a_suggestion(project, name):
    values = settings.read("params.yaml")
    *sections, key = name.split(".")
    section = values
    for part in sections:
        section = section[part]
    value = section.pop(key)
    (project / "params.yaml").write_text(yaml.safe_dump(values))
    assert Params.load() is not None
    section[f"{key}e"] = value
    (project / "params.yaml").write_text(yaml.safe_dump(values))
    assert f"{name}e: " in refusal() and f"did you mean {name}" in refusal()


@pytest.mark.parametrize(
    "text",
    ["", "3", "lr: [", "lr: 1\nlr: 2", "lr: 2024-02-31", b"lr: \xff"],
    ids=lambda text: str(text[:20]),
)
def test_a_file_that_is_no_mapping_is_refused(project, text):
    (project / "params.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"^params.yaml (is not valid YAML|contains no settings)[^\n]*$"):
        Params.load()


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="params.yaml is missing"):
        Params.load()


class StageParams(Params):
    lr: settings.LearningRate


@pytest.mark.parametrize("written", ["1e-3", ".5", "1"])
def test_a_number_is_the_one_that_dvc_records(project, written):
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace(f"lr: {DEFAULTS['lr']}", f"lr: {written}"))
    assert StageParams.load().lr == load_yaml("params.yaml")["lr"]


def test_a_stage_refuses_an_invalid_setting_that_it_does_not_read(project):
    project.set(lr=-1)
    for stage in (fetch, prepare):
        assert refusal(stage) == "lr: Input should be greater than 0 (got -1)"


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"split.folds": 50}, ["split.folds is 50", "different images"]),
        ({"split.test": 0.01, "split.folds": 2}, ["split.test is 0.01", "150 different images"]),
    ],
)
def test_a_split_for_which_there_are_too_few_images_is_refused(incoming, change, facts):
    fetch.main()
    Project(incoming / "../..").set(**change)
    with pytest.raises(SystemExit) as stopped:
        errors.run(prepare.main)
    message = str(stopped.value)
    assert all(fact in message for fact in ["error: params.yaml: ", *facts]) and "\n" not in message
    assert not (incoming / "../prepared").exists()
