"""The installed packages that compute results, recorded in versions.yaml; dvc.yaml lists them for each stage.

DVC reruns a stage when one of its packages has another version in that file. `make` writes the file before each run;
`python -m digits.versions` does so by hand.
"""

import importlib.metadata
from pathlib import Path

import yaml

from digits import errors, files

PATH = Path("versions.yaml")
PACKAGES = [
    "cleanlab",
    "h5py",
    "keras",
    "matplotlib",
    "mlxtend",
    "numpy",
    "pandas",
    "pillow",
    "plotly",
    "scikit-learn",
    "scipy",
    "tensorflow",
]
HEADER = (
    "# The installed packages that compute results. `make` writes this file; "
    "dvc.yaml says which stage reruns for which package.\n"
)


def main() -> None:
    """Record the installed versions; leave the file as it is if they have not changed."""
    text = HEADER + yaml.safe_dump(installed())
    if not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
        with files.atomic_write(PATH) as partial:
            partial.write_text(text, encoding="utf-8")


def installed() -> dict[str, str]:
    """Return the installed versions of PACKAGES by name."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def check() -> None:
    """Check that the installed versions are the recorded ones, if there is a record: DVC relies on it.

    Raises:
        InputError: A package has another version than the recorded one.
    """
    if not PATH.exists():
        return
    recorded = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    for name, version in installed().items():
        if recorded.get(name) != version:
            raise errors.InputError(
                f"{name} {version} is installed, but {PATH} records {recorded.get(name)}; run `make`, which records "
                "the installed versions and reruns the stages that use the package"
            )


if __name__ == "__main__":
    errors.run(main)
