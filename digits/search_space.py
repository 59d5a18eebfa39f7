"""search.yaml: how many trials and folds a search has, and the values that it tries for each setting."""

import copy
import functools
import operator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from optuna import Trial
from optuna.distributions import FloatDistribution
from pydantic import AfterValidator, Field, ValidationError

from digits import settings
from digits.errors import InputError

PATH = Path("search.yaml")
NOT_TRAINED = {"source", "members", "split"}  # settings that a training does not read
NOT_SEARCHED = NOT_TRAINED | {"seed", "compute"}


class Params(settings.Params, settings.Settings):
    """All of params.yaml."""


def _check_dimension(dimension: dict[str, list[Any]]) -> dict[str, list[Any]]:
    [(kind, values)] = dimension.items()
    if len(set(values)) < len(values):
        raise ValueError("a value is listed twice")
    if kind != "choice":
        low, high = map(float, values)
        FloatDistribution(low, high, log=kind == "loguniform")  # raises a ValueError
    return dimension


Kind = Literal["loguniform", "uniform", "integer", "choice"]
Values = Annotated[list[int | float | str], Field(min_length=2)]
Dimension = Annotated[dict[Kind, Values], Field(min_length=1, max_length=1), AfterValidator(_check_dimension)]


class Search(settings.Section):
    """All of search.yaml."""

    trials: int = Field(ge=1, le=10_000)
    folds: int = Field(ge=1, le=100)
    seed: settings.Seed
    space: dict[str, Dimension] = Field(min_length=1)

    @classmethod
    def load(cls, params: Params) -> Self:
        """Read search.yaml, and check each value in it as if it stood in params.yaml.

        Raises:
            InputError: a value is invalid, a training does not depend on a setting, or the value of params.yaml is not
                among those that are tried.
        """
        known = [name for name in settings.dotted(settings.Settings) if name.split(".")[0] not in NOT_SEARCHED]
        try:
            search = cls.model_validate(settings.read(PATH))
            for name, dimension in search.space.items():
                if name not in known:
                    raise InputError(f"{PATH}: {name} cannot be searched; use some of {', '.join(known)}")
                [(kind, values)] = dimension.items()
                for value in values:
                    tried = float(value) if kind in ("uniform", "loguniform") else value
                    settings.Settings.model_validate(replace(params.model_dump(), {name: tried}))
                default: Any = look_up(params.model_dump(), name)
                if default not in values and (kind == "choice" or not values[0] <= default <= values[1]):
                    raise InputError(f"{PATH}: {name} is {default} in params.yaml, and has to be among its {values}")
        except ValidationError as invalid:
            raise InputError(f"{PATH}: {settings.format_errors(invalid)}") from None
        if search.folds > params.split.folds:
            raise InputError(f"{PATH}: folds is {search.folds}, but split.folds in params.yaml is {params.split.folds}")
        return search

    def suggest(self, trial: Trial) -> None:
        """Let Optuna choose the value of each setting."""
        for name, dimension in self.space.items():
            [(kind, values)] = dimension.items()
            if kind == "choice":
                trial.suggest_categorical(name, values)
            elif kind == "integer":
                trial.suggest_int(name, *map(int, values))
            else:
                trial.suggest_float(name, *map(float, values), log=kind == "loguniform")


def look_up(values: dict[str, Any], name: str) -> Any:
    """Return the value of a dotted name in nested settings."""
    return functools.reduce(operator.getitem, name.split("."), values)


def replace(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Copy nested settings with other values for some dotted names."""
    values = copy.deepcopy(values)
    for name, value in changes.items():
        *sections, key = name.split(".")
        functools.reduce(operator.getitem, sections, values)[key] = value
    return values
