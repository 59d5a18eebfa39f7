"""params.yaml, checked: every stage's Params and the sections inside them are built on these classes."""

from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from digits.errors import InputError


def _without_repetition(members):
    if len(set(members)) < len(members):
        raise ValueError("a member stands there twice")
    return members


Members = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(_without_repetition)]


class Section(BaseModel):
    """A mapping of settings: unknown keys are refused, so are NaN, infinity, and true or false for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _not_a_truth_value(cls, value):
        if isinstance(value, bool):
            raise ValueError("true and false are no numbers")
        return value


class Params(Section):
    """What one stage reads of params.yaml, key by key."""

    @classmethod
    def load(cls, path="params.yaml"):
        """Read the stage's own keys of `path`; others belong to other stages.

        Raises:
            InputError: naming the first parameter that is missing, unknown or out of range, and its value.
        """
        try:
            with open(path) as file:
                settings = yaml.safe_load(file)
        except FileNotFoundError:
            raise InputError(f"{path} is missing; run this from the project's folder") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
        if not isinstance(settings, dict):
            raise InputError(f"{path} holds no settings; `git checkout {path}` brings them back")
        try:
            return cls(**{key: settings[key] for key in cls.model_fields if key in settings})
        except ValidationError as invalid:
            raise InputError(f"{path}: {_first_error(invalid)}") from None


def _first_error(invalid):
    error = invalid.errors()[0]
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] == "extra_forbidden":
        return f"{name} is no parameter of this project (misspelt?)"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{name} is {error['input']!r}: {message}"
