"""What the report shows of a run's settings, of its data and of what computed it."""

import importlib.metadata
import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from ruamel.yaml import YAML

from digits import arrays
from digits.errors import InputError
from digits.evaluation import training_curves

DEFAULTS = Path(__file__).with_name("defaults.yaml")
PACKAGES = "numpy", "pandas", "scipy", "scikit-learn", "cleanlab", "matplotlib", "plotly"


class Setting(NamedTuple):
    """A setting: its dotted name, its value, the comment on its line, and its default if that is another value.

    A section has the value "".
    """

    name: str
    value: Any
    comment: str
    default: Any = None


def read_settings(path: str | Path) -> list[Setting]:
    """Read the settings and their comments from params.yaml or a file like it."""
    defaults = {setting.name: setting.value for setting in _parse(DEFAULTS)}

    def compare(setting: Setting) -> Setting:
        default = defaults[setting.name]
        return setting if setting.value == default else setting._replace(default=default)

    return [compare(setting) for setting in _parse(Path(path))]


def _parse(path: Path) -> Iterator[Setting]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()

    def parse_section(section: Any, prefix: str) -> Iterator[Setting]:
        for key, value in section.items():
            line, _ = section.lc.key(key)
            comment = lines[line].partition(" # ")[2].strip()
            if not isinstance(value, dict):
                yield Setting(prefix + key, value, comment)
                continue
            if comment:
                yield Setting(prefix + key, "", comment)
            yield from parse_section(value, f"{prefix}{key}.")

    return parse_section(YAML().load(text), "")


def describe_training(member: int, curves: pd.DataFrame, labelled: arrays.Labelled) -> dict[str, Any]:
    """Describe a training in numbers: its images, its epochs, and its best epoch.

    Args:
        curves: those of the member.
    """
    validation = labelled.fold == member
    images = len(labelled.fold) - int((validation | (labelled.fold == arrays.HELD_OUT)).sum())
    epochs = int(curves.epoch.max())
    return {
        **training_curves.find_best_epoch(curves),
        "images": images,
        "validation_images": int(validation.sum()),
        "epochs": epochs,
        "augmented_images": epochs * images,
    }


def read_environments(members: list[int]) -> dict[str, dict[str, Any]]:
    """Read what the members were trained with, {"members 0, 2": the content of their member-K.json}.

    Members that were trained with the same share one entry.

    Raises:
        InputError: a file is missing.
    """
    groups: dict[str, list[str]] = {}
    for member in members:
        path = training_curves.FOLDER / f"member-{member}.json"
        if not path.exists():
            raise InputError(f"{path} is missing; run `dvc repro`")
        groups.setdefault(path.read_text(encoding="utf-8"), []).append(str(member))
    return {f"member{'s' * (len(group) > 1)} {', '.join(group)}": json.loads(text) for text, group in groups.items()}


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute the report."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
