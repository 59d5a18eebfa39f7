"""params.yaml, checked: every parameter of the project with its type and its range. `python -m digits.settings` checks it.

Each stage declares in its Params the parameters that it reads, and DVC reruns it for those alone. What is checked
before a stage begins is the whole file, so that a mistake is said at once and not after an hour, by a later stage.
"""

import difflib
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from digits import errors
from digits.errors import InputError

Source = Literal["sample", "kaggle", "mnist", "incoming"]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
LearningRate = Annotated[float, Field(gt=0, le=1)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
BatchSize = Annotated[int, Field(ge=1, le=10_000)]


def _without_repetition(members):
    for member in members:
        if members.count(member) > 1:
            raise ValueError(f"{member} stands there twice")
    return members


Member = Annotated[int, Field(ge=0, strict=True)]  # strict, because DVC names models by what is written: no "0", no 0.0
Members = Annotated[list[Member], Field(min_length=1), AfterValidator(_without_repetition)]


class Section(BaseModel):
    """A mapping of settings: unknown keys are refused, so are NaN, infinity, and true or false for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _not_a_truth_value(cls, value):
        if isinstance(value, bool):
            raise ValueError("true and false are no numbers")
        return value


class Split(Section):
    test: Fraction
    folds: int = Field(ge=2, le=100)


class Network(Section):
    width: int = Field(ge=1, le=512)
    dropout: Fraction


class Augment(Section):
    rotate: float = Field(ge=0, le=180)
    zoom: Fraction
    shift: float = Field(ge=0, le=14)
    shear: float = Field(ge=0, le=60)


class Regularization(Section):
    weight_decay: float = Field(ge=0, le=100)
    label_smoothing: Fraction


class EarlyStopping(Section):
    patience: int = Field(ge=1, le=100_000)


class Settings(Section):
    """All of params.yaml."""

    source: Source
    seed: Seed
    members: Members
    lr: LearningRate
    epochs: Epochs
    batch_size: BatchSize
    split: Split
    network: Network
    augment: Augment
    regularization: Regularization
    early_stopping: EarlyStopping

    @model_validator(mode="after")
    def _each_member_has_a_fold(self):
        for member in self.members:
            if member >= self.split.folds:
                raise ValueError(
                    f"members has {member}, but split.folds is {self.split.folds}: "
                    f"members are numbers from 0 to {self.split.folds - 1}"
                )
        return self


class Params(Section):
    """What one stage reads of params.yaml, key by key."""

    @classmethod
    def load(cls, path="params.yaml"):
        """Check the whole of `path`, and read the stage's own keys.

        Raises:
            InputError: naming a parameter that is missing, unknown, out of range or in contradiction to another, and
                its value, whichever stage it belongs to.
        """
        settings = _read(path)
        try:
            Settings.model_validate(settings)
        except ValidationError as invalid:
            raise InputError(f"{path}: {_format_message(invalid)}") from None
        return cls.model_validate({name: settings[name] for name in cls.model_fields})


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            settings = yaml.safe_load(file)
    except FileNotFoundError:
        raise InputError(f"{path} is missing; run this from the project's folder") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a date that is none
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(settings, dict):
        raise InputError(f"{path} holds no settings; `git checkout {path}` brings them back")
    return settings


def _format_message(invalid):
    """Say the first mistake; a misspelt name before the missing one that it makes."""
    mistakes = sorted(invalid.errors(), key=lambda error: error["type"] not in ("extra_forbidden", "invalid_key"))
    error = mistakes[0]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).removeprefix(".")
    name = " ".join(name.split())[:80]
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] in ("extra_forbidden", "invalid_key"):
        return f"{name} is no parameter of this project{_meant(name)}"
    if error["type"] == "missing":
        return f"{name} is missing; {_allowed(error['loc'])} belongs there"
    if not name:
        return message
    if error["type"] != "value_error" or name != "members":
        message = f"{_allowed(error['loc'])} belongs there"
    value = repr(error["input"])
    return f"{name} is {value if len(value) <= 60 else value[:60] + '…'}; {message}"


def _allowed(place):
    """Say what may stand in a place of params.yaml: ("split", "folds") is a whole number from 2 to 100."""
    schema = Settings.model_json_schema()
    rule = schema
    for part in place:
        if "properties" not in rule:
            break
        rule = rule["properties"][part]
        rule = schema["$defs"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule
    if "properties" in rule:
        return f"a section with {', '.join(rule['properties'])}"
    if "enum" in rule:
        return f"one of {', '.join(rule['enum'])}"
    if rule["type"] == "array":
        return "a list of whole numbers below split.folds, at least one, such as [0],"
    kind = "a whole number" if rule["type"] == "integer" else "a number"
    low = f"from {rule['minimum']:.12g}" if "minimum" in rule else f"above {rule['exclusiveMinimum']:.12g}"
    high = f"to {rule['maximum']:.12g}" if "maximum" in rule else f"to below {rule['exclusiveMaximum']:.12g}"
    return f"{kind} {low} {high}"


def _meant(name):
    close = difflib.get_close_matches(name, dotted(Settings), 1)
    return f"; did you mean {close[0]}?" if close else "; take it out"


def dotted(model):
    """The parameters that a Section declares, those of its sections as section.name."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{name}.{inner}" for inner in dotted(field.annotation))
        else:
            yield name


if __name__ == "__main__":
    errors.run(Params.load)
