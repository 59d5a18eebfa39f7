"""params.yaml: the defaults are good, and each mistake is one line, said before anything is done, whatever stage runs."""

import importlib

import graph
import pytest
import yaml
from project import Project

from digits import errors, settings
from digits.data import sources
from digits.errors import InputError
from digits.settings import Params, Settings
from stages import fetch, prepare, train

TEXT = (graph.ROOT / "params.yaml").read_text()
DEFAULTS = yaml.safe_load(TEXT)
PARAMETERS = sorted(settings.dotted(Settings))
NUMBERS = [name for name in PARAMETERS if name not in ("source", "members")]
WITH_PARAMS = [path.stem for path in graph.stage_files() if graph.parameters(path.stem)]


SCHEMA = Settings.model_json_schema()
EDGES = {"minimum": -1, "exclusiveMinimum": -1, "maximum": 1, "exclusiveMaximum": 1}  # and the way that leads out


def described(name):
    """What the schema says of a parameter: its type, and its edges by the names of JSON Schema."""
    place = SCHEMA
    for part in name.split("."):
        place = place["properties"][part]
        if "$ref" in place:
            place = SCHEMA["$defs"][place["$ref"].rpartition("/")[2]]
    return place


def edges(name):
    return {kind: value for kind, value in described(name).items() if kind in EDGES}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(TEXT)
    return Project(tmp_path)


def refusal(stage=fetch):
    """What a stage says of params.yaml: one line, without anything having been written."""
    with pytest.raises(SystemExit) as stopped:
        errors.run(stage.main)
    message = str(stopped.value)
    assert message.startswith("error: params.yaml") and "\n" not in message and len(message) < 300, message
    assert not graph.Path("data").exists()
    return message.removeprefix("error: params.yaml: ")


@pytest.mark.parametrize("stage", WITH_PARAMS)
def test_the_defaults_are_accepted_and_each_stage_gets_its_own(project, stage):
    params = importlib.import_module(f"stages.{stage}").Params.load().model_dump()
    assert params == {key: DEFAULTS[key] for key in params}


@pytest.mark.parametrize("stage", WITH_PARAMS)
def test_a_stage_declares_its_parameters_as_the_whole_file_does(stage):
    for name, declared in importlib.import_module(f"stages.{stage}").Params.model_fields.items():
        assert repr(declared) == repr(Settings.model_fields[name]), name


def test_every_source_that_may_be_named_is_there():
    assert set(settings.Source.__args__) == set(sources.SOURCES)


def test_a_number_written_as_1e_minus_3_is_a_number(project):
    (project / "params.yaml").write_text(TEXT.replace(f"lr: {DEFAULTS['lr']}", "lr: 1e-3"))
    assert train.Params.load().lr == 0.001


@pytest.mark.parametrize("name", NUMBERS)
def test_the_first_stage_refuses_what_is_no_number(project, name):
    whole = described(name)["type"] == "integer"
    wrong = [None, "a word", "", "1,5", [1], {"a": 1}, True, float("nan"), float("inf"), float("-inf")] + [2.5] * whole
    for value in wrong:
        project.set(**{name: value})
        message = refusal()
        assert message.startswith(f"{name} is {value!r}; a {'whole ' * whole}number "), message


@pytest.mark.parametrize("name", NUMBERS)
def test_the_first_stage_refuses_what_is_out_of_range_and_takes_the_edges(project, name):
    smallest = 1 if described(name)["type"] == "integer" else 1e-9
    assert len(edges(name)) == 2, "a number has a lowest and a highest value"
    for kind, edge in edges(name).items():
        outward, included = EDGES[kind] * smallest, not kind.startswith("exclusive")
        for value in [edge + outward, edge + 1e6 * outward, EDGES[kind] * 1e300] + [edge] * (not included):
            project.set(**{name: value})
            message = refusal()
            assert message.startswith(f"{name} is ") and f" {edge:.12g}" in message, message
        project.set(**{name: edge if included else edge - outward})
        Params.load()


@pytest.mark.parametrize("name", NUMBERS)
def test_the_comment_of_a_number_tells_its_range(name):
    section, _, key = name.rpartition(".")
    text = TEXT[TEXT.index(f"\n{section}:") :] if section else TEXT
    comment = next(line for line in text.splitlines() if line.strip().startswith(f"{key}:")).partition("#")[2]
    for edge in edges(name).values():
        assert f"{edge:.12g}" in comment, comment


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("source", "kagle", ["source is 'kagle'", "one of sample, kaggle, mnist, incoming"]),
        ("source", "Kaggle", ["source is 'Kaggle'", "one of sample, kaggle"]),
        ("source", None, ["source is None", "one of sample"]),
        ("source", ["sample", "mnist"], ["source is ['sample', 'mnist']", "one of sample"]),
        ("source", True, ["source is True"]),
        ("members", [], ["members is []", "at least one"]),
        ("members", None, ["members is None", "a list of whole numbers"]),
        ("members", 3, ["members is 3", "a list of whole numbers"]),
        ("members", "0, 1", ["members is '0, 1'", "a list of whole numbers"]),
        ("members", {0: 1}, ["members is {0: 1}", "a list of whole numbers"]),
        ("members", [0, 0], ["members is [0, 0]", "0 stands there twice"]),
        ("members", [-1], ["members[0] is -1", "a list of whole numbers"]),
        ("members", [0, "1"], ["members[1] is '1'", "a list of whole numbers"]),
        ("members", [0.0], ["members[0] is 0.0", "a list of whole numbers"]),
        ("members", [None], ["members[0] is None", "a list of whole numbers"]),
        ("members", [[0]], ["members[0] is [0]", "a list of whole numbers"]),
        ("members", [0, 10], ["members has 10", "split.folds is 10", "0 to 9"]),
        ("members", list(range(200)), ["members has 10", "0 to 9"]),
        ("split.folds", 3, None),  # members: [0] has its fold
        ("members", ["x" * 10_000], ["members[0] is 'xxx", "…", "a list of whole numbers"]),
        ("augment", 3, ["augment is 3", "a section with rotate, zoom, shift, shear"]),
        ("split", None, ["split is None", "a section with test, folds"]),
        ("network", [32, 0.3], ["network is [32, 0.3]", "a section with width, dropout"]),
    ],
)
def test_sources_members_and_sections_are_checked_too(project, name, value, words):
    project.set(**{name: value})
    if words is None:
        Params.load()
        return
    message = refusal()
    for word in words:
        assert word in message, message


def test_fewer_folds_than_members_are_a_contradiction(project):
    project.set(members=[0, 4], **{"split.folds": 4})
    assert refusal() == "members has 4, but split.folds is 4: members are numbers from 0 to 3"


def spoilt(name, change):
    """params.yaml's settings with `change(section, key)` done to a parameter."""
    values = yaml.safe_load(TEXT)
    *sections, key = name.split(".")
    section = values
    for part in sections:
        section = section[part]
    change(section, key)
    return yaml.safe_dump(values)


@pytest.mark.parametrize("name", [*PARAMETERS, *(key for key, value in DEFAULTS.items() if isinstance(value, dict))])
def test_each_parameter_and_each_section_can_be_missing_or_misspelt(project, name):
    (project / "params.yaml").write_text(spoilt(name, lambda section, key: section.pop(key)))
    assert refusal().startswith(f"{name} is missing; ")

    def misspell(section, key):
        section[f"{key}e"] = section.pop(key)

    (project / "params.yaml").write_text(spoilt(name, misspell))
    assert refusal().startswith(f"{name}e is no parameter of this project; did you mean {name}")


@pytest.mark.parametrize("line", ["dropuot: 1", "7: 1", '"two\\nlines": 1', "null: 1", "? [a, b]\n: 1", "colour: red"])
def test_what_is_no_parameter_at_all_is_named(project, line):
    (project / "params.yaml").write_text(f"{TEXT}\n{line}\n")
    refusal()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "3",
        "lr: [",
        "a: b: c",
        "\t",
        "{",
        "lr: 2024-02-31",
        "lr: !!python/object/apply:os.getcwd []",
        "&a [*a]",
        "[" * 5000,
        b"lr: \xff",
        "a\0b",
    ],
    ids=lambda text: str(text[:20]),
)
def test_what_is_no_mapping_is_refused(project, text):
    (project / "params.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"^params.yaml (is not YAML|holds no settings)[^\n]*$"):
        Params.load()


def test_a_missing_file_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="params.yaml is missing"):
        Params.load()


def test_a_stage_that_does_not_read_a_parameter_refuses_it_as_well(project):
    project.set(lr=-1)
    for stage in (fetch, prepare):
        assert refusal(stage) == "lr is -1; a number above 0 to 1 belongs there"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split.folds": 50}, ["split.folds is 50", "different images show a"]),
        ({"split.test": 0.99}, ["split.test is 0.99", "different images show a"]),
        ({"split.test": 0.01, "split.folds": 2}, ["split.test is 0.01", "less than ten of 150 different images"]),
    ],
)
def test_a_split_that_the_images_do_not_allow_is_said_before_anything_is_written(incoming, change, words):
    fetch.main()
    Project(incoming / "../..").set(**change)
    with pytest.raises(SystemExit) as stopped:
        errors.run(prepare.main)
    assert all(word in str(stopped.value) for word in ["error: params.yaml: ", *words]) and "\n" not in str(
        stopped.value
    )
    assert not (incoming / "../prepared").exists()
