"""The settings of params.yaml: types, ranges and defaults.

Each stage declares in its Params the settings and sections that it reads, and DVC reruns it for those alone. A stage
checks the whole file before it starts, so that an error is reported at once and not by a later stage.
"""

import difflib
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML, YAMLError

from digits.errors import InputError

Source = Literal["sample", "kaggle", "mnist", "incoming"]  # the modules of digits/data/sources
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
LearningRate = Annotated[float, Field(gt=0, le=1)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]


def _check_batch_size(value: Any) -> Any:
    if value != "auto" and not (type(value) is int and 1 <= value <= 10_000):
        raise ValueError("use auto, or a number from 1 to 10000")
    return value


def _check_unique(members: list[int]) -> list[int]:
    for member in members:
        if members.count(member) > 1:
            raise ValueError(f"{member} is listed twice")
    return members


def _check_unique_names(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("two classes have the same name")
    return names


BatchSize = Annotated[int | Literal["auto"], BeforeValidator(_check_batch_size)]
Members = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(_check_unique)]


ClassNames = Annotated[list[str], Field(min_length=10, max_length=10), AfterValidator(_check_unique_names)]


class Section(BaseModel):
    """A mapping of settings.

    It refuses unknown keys, NaN and infinity. It converts nothing, so that a run uses the values that DVC records.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Split(Section):
    test: Fraction = 0.1
    folds: int = Field(default=10, ge=2, le=100)


class Network(Section):
    width: int = Field(default=32, ge=1, le=512)
    dropout: Fraction = 0.3


class Augment(Section):
    rotate: float = Field(default=10, ge=0, le=180)
    zoom: Fraction = 0.1
    shift: float = Field(default=2, ge=0, le=14)
    shear: float = Field(default=15, ge=0, le=60)


class Regularization(Section):
    weight_decay: float = Field(default=0.01, ge=0, le=100)
    label_smoothing: Fraction = 0.05


class EarlyStopping(Section):
    patience: int = Field(default=10, ge=1, le=100_000)


class Compute(Section):
    threads: int = Field(default=2, ge=1, le=1024)
    precision: Literal["float32", "mixed_bfloat16"] = "float32"


class Settings(Section):
    """All of params.yaml; a setting that the file lacks has its default."""

    source: Source = "sample"
    seed: Seed = 1
    members: Members = [0]
    lr: LearningRate = 0.008
    epochs: Epochs = 12
    batch_size: BatchSize = "auto"
    split: Split = Split()
    network: Network = Network()
    augment: Augment = Augment()
    regularization: Regularization = Regularization()
    early_stopping: EarlyStopping = EarlyStopping()
    compute: Compute = Compute()
    class_names: ClassNames = [str(digit) for digit in range(10)]

    @model_validator(mode="after")
    def _check_members(self) -> Self:
        if max(self.members) >= self.split.folds:
            raise ValueError(
                f"members contains {max(self.members)}, but split.folds is {self.split.folds}: "
                f"use numbers from 0 to {self.split.folds - 1}"
            )
        return self


class Params(Section):
    """The settings that one stage reads; each stage declares a subclass."""

    @classmethod
    def load(cls, path: str | Path = "params.yaml") -> Self:
        """Check all of `path`, and return the stage's own settings.

        Raises:
            InputError: The file is missing or is not YAML, or a setting is unknown or invalid, also one that this
                stage does not read.
        """
        try:
            settings = Settings.model_validate(read(path))
        except ValidationError as invalid:
            raise InputError(f"{path}: {format_errors(invalid)}") from None
        return cls.model_validate({name: getattr(settings, name) for name in cls.model_fields})


def dotted(model: type[BaseModel]) -> Iterator[str]:
    """Yield the names of the settings that a Section declares, those of its sections as section.name."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{name}.{inner}" for inner in dotted(field.annotation))
        else:
            yield name


def read(path: str | Path) -> dict[Any, Any]:
    """Parse a YAML file as DVC does, by the rules of YAML 1.2: 010 is ten, and yes is a string."""
    try:
        values = YAML(typ="safe").load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing; run this in the project's folder") from None
    except (YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or an impossible date
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} contains no settings; restore it with `git checkout {path}`")
    return values


def format_errors(invalid: ValidationError) -> str:
    """Format the first three of pydantic's messages in one line, with the invalid values."""
    messages = []
    for error in invalid.errors()[:3]:
        name = ".".join(map(str, error["loc"]))
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            close = difflib.get_close_matches(name, dotted(Settings), 1)
            message += f", did you mean {close[0]}?" if close else ", remove it"
        elif name:
            message += f" (got {reprlib.repr(error['input'])})"
        messages.append(f"{name if name.isprintable() else ascii(name)}: {message}".removeprefix(": ")[:200])
    return "; ".join(messages)
