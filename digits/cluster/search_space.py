"""search.yaml: how many trials and folds a search has, and the values that it tries for each setting."""

import copy
import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from digits import settings
from digits.errors import InputError
from digits.settings import Params, Section, Seed, Settings

PATH = Path("search.yaml")
UNTRAINED = "source", "members", "split"  # sections that train does not read
FIXED = "seed", "compute"  # sections that train reads, but that are no way to a better network

Number = int | float
Kind = Literal["loguniform", "uniform", "integer", "choice"]
Dimension = Annotated[dict[Kind, Annotated[list[Number], Field(min_length=2)]], Field(min_length=1, max_length=1)]


class AllParams(Params, Settings):
    """All of params.yaml."""

    def trained(self) -> dict[str, Any]:
        """Return what `digits.model.training.train_member` reads."""
        return self.model_dump(exclude=set(UNTRAINED))


class Search(Section):
    """All of search.yaml."""

    trials: int = Field(ge=1, le=10_000)
    folds: int = Field(ge=1, le=100)
    seed: Seed
    space: dict[str, Dimension] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_space(self) -> Self:
        for name, dimension in self.space.items():
            [(kind, values)] = dimension.items()
            if problem := _find_problem(kind, values):
                raise ValueError(f"space.{name}: {problem} (got {kind}: {values})")
        return self

    @classmethod
    def load(cls, params: AllParams, path: str | Path = PATH) -> Self:
        """Read search.yaml, and check each value in its space as if it stood in params.yaml.

        Raises:
            InputError: the file is missing or invalid, a value is one that params.yaml must not have, or the space does
                not contain the present settings.
        """
        try:
            search = cls.model_validate(settings.read(path))
        except ValidationError as invalid:
            raise InputError(f"{path}: {settings.format_errors(invalid)}") from None
        if search.folds > params.split.folds:
            raise InputError(f"{path}: folds is {search.folds}, but split.folds in params.yaml is {params.split.folds}")
        searchable = [name for name in settings.dotted(Settings) if name.split(".")[0] not in UNTRAINED + FIXED]
        for name, dimension in search.space.items():
            if name not in searchable:
                close = difflib.get_close_matches(name, searchable, 1)
                advice = f"did you mean {close[0]}?" if close else f"use some of {', '.join(searchable)}"
                raise InputError(f"{path}: space.{name} cannot be searched, {advice}")
            [(kind, values)] = dimension.items()
            for value in values:
                try:
                    Settings.model_validate(change(params.model_dump(), {name: value}))
                except ValidationError as invalid:
                    raise InputError(f"{path}: space.{settings.format_errors(invalid)}") from None
            default = look_up(params.model_dump(), name)
            if default not in values if kind == "choice" else not values[0] <= default <= values[1]:
                raise InputError(
                    f"{path}: space.{name} does not contain {default}, its value in params.yaml, with which the search "
                    f"begins and compares; add it, or change params.yaml"
                )
        return search

    def default(self, trained: dict[str, Any]) -> dict[str, Number]:
        """Return the present values of the searched settings by their dotted names."""
        return {name: look_up(trained, name) for name in self.space}

    def round(self, values: dict[str, Number], default: dict[str, Number]) -> dict[str, Number]:
        """Round sampled values to three significant digits, so that people can read and type them.

        Integers, the values of a choice and those of params.yaml stay as they are.
        """
        return {
            name: value if self.space[name].keys() & {"integer", "choice"} or value == default[name] else _round(value)
            for name, value in values.items()
        }


def look_up(values: dict[str, Any], name: str) -> Any:
    """Return the value of a dotted name in nested settings."""
    for part in name.split("."):
        values = values[part]
    return values


def change(values: dict[str, Any], changes: dict[str, Number]) -> dict[str, Any]:
    """Copy nested settings, with other values for some dotted names."""
    values = copy.deepcopy(values)
    for name, value in changes.items():
        section, _, key = name.rpartition(".")
        (look_up(values, section) if section else values)[key] = value
    return values


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _find_problem(kind: Kind, values: list[Number]) -> str | None:
    if kind == "choice":
        return "a value is listed twice" if len(set(values)) < len(values) else None
    if len(values) != 2 or values[0] >= values[1]:
        return "give two values, the lower one first"
    if kind == "integer" and not all(isinstance(value, int) for value in values):
        return "give two integers"
    if kind == "loguniform" and values[0] <= 0:
        return "the logarithm needs values above 0"
    if kind != "integer" and [_round(value) for value in values] != values:
        return "give at most three significant digits"
    return None
