"""params.yaml: the defaults are good, and each mistake is one line that names the parameter and its value."""

import pytest
import yaml

import graph
from digits.errors import InputError
from project import Project
from stages import evaluate, fetch, predict, prepare, train

DEFAULTS = yaml.safe_load((graph.ROOT / "params.yaml").read_text())


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((graph.ROOT / "params.yaml").read_text())
    return Project(tmp_path)


@pytest.mark.parametrize("stage", [fetch, prepare, train, predict, evaluate])
def test_the_defaults_are_accepted(project, stage):
    params = stage.Params.load().model_dump()
    assert params == {key: DEFAULTS[key] for key in params}


def test_a_number_written_as_1e_minus_3_is_a_number(project):
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace(f"lr: {DEFAULTS['lr']}", "lr: 1e-3"))
    assert train.Params.load().lr == 0.001


@pytest.mark.parametrize(
    ("stage", "name", "value", "words"),
    [
        (fetch, "source", "kagle", ["'kaggle'", "'incoming'"]),
        (fetch, "source", None, ["'digits'"]),
        (prepare, "seed", -1, ["greater than or equal to 0"]),
        (prepare, "seed", 2**32, ["less than 4294967296"]),
        (prepare, "split.test", 1.0, ["less than 1"]),
        (prepare, "split.test", "a tenth", ["valid number"]),
        (prepare, "split.folds", 1, ["greater than or equal to 2"]),
        (prepare, "split.folds", 2.5, ["valid integer"]),
        (train, "lr", 0, ["greater than 0"]),
        (train, "lr", float("nan"), ["finite"]),
        (train, "epochs", True, ["true and false"]),
        (train, "network.width", 0, ["greater than or equal to 1"]),
        (train, "augment.zoom", 1, ["less than 1"]),
        (train, "early_stopping.patience", [3], ["valid integer"]),
        (predict, "members", [], ["at least 1"]),
        (predict, "members", [0, 0], ["twice"]),
        (predict, "members", [-1], ["greater than or equal to 0"]),
        (evaluate, "members", 3, ["valid list"]),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(project, stage, name, value, words):
    project.set(**{name: value})
    with pytest.raises(InputError) as refused:
        stage.Params.load()
    message = str(refused.value)
    assert "\n" not in message
    for word in [f"params.yaml: {name}", repr(value) if value != [-1] else "-1", *words]:
        assert word in message


def test_a_missing_and_a_misspelt_parameter_are_named(project):
    settings = yaml.safe_load((project / "params.yaml").read_text())
    settings["augment"]["rotat"] = settings["augment"].pop("rotate")
    (project / "params.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(InputError, match="augment.rotate is missing"):
        train.Params.load()
    settings["augment"]["rotate"] = 10
    (project / "params.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(InputError, match="augment.rotat is no parameter"):
        train.Params.load()


@pytest.mark.parametrize("text", ["", "- 1", "lr: [", "a: b: c"])
def test_what_is_no_mapping_is_refused(project, text):
    (project / "params.yaml").write_text(text)
    with pytest.raises(InputError, match="^params.yaml (is not YAML|holds no settings)[^\n]*$"):
        train.Params.load()


def test_a_missing_file_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="params.yaml is missing"):
        train.Params.load()
