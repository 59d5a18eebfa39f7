"""The installed packages that compute results: versions.yaml, of which each stage names in dvc.yaml those it computes with.

DVC reruns a stage when one of its packages has another version in that file. `make` writes the file before each run, and
`python -m digits.versions` does it by hand.
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
    "pillow",
    "plotly",
    "scikit-learn",
    "scipy",
    "tensorflow",
]
HEADER = "# The installed packages that compute results. `make` writes this file; dvc.yaml says which stage reruns for which package.\n"


def main():
    """Record what is installed; the file is left as it is if it says the same."""
    text = HEADER + yaml.safe_dump(installed())
    if not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
        with files.atomic_write(PATH) as partial:
            partial.write_text(text, encoding="utf-8")


def installed():
    """Look up the installed versions: {name: version}, of PACKAGES."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def check():
    """Check that the installed versions are those in versions.yaml, if it exists: what DVC records is then true.

    Raises:
        InputError: naming a package and both versions.
    """
    if not PATH.exists():
        return
    recorded = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    for name, version in installed().items():
        if recorded.get(name) != version:
            raise errors.InputError(
                f"{name} {version} is installed, but {PATH} records {recorded.get(name)}; `make` records what is installed, "
                "and reruns what was computed with another version"
            )


if __name__ == "__main__":
    errors.run(main)
