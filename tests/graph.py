"""The graph of dvc.yaml as the code has it: the project files that a stage consists of, and its parameters."""

import ast
import importlib
import json
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PACKAGES = ("digits", "stages")
CODE = (".py", ".ipynb")  # files that can import


def definition():
    """Return the stages of dvc.yaml by name."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def tracked_files(*patterns, untracked=True):
    """List the files in the repository, and those that would be with the next commit."""
    others = ["--others", "--exclude-standard"] if untracked else []
    command = ["git", "ls-files", "-z", "--cached", *others, "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def stage_files():
    return sorted((ROOT / "stages").glob("*.py"))


def source(path):
    """Return the Python text of a file; of a notebook, that of its code cells."""
    text = Path(path).read_text(encoding="utf-8")
    if Path(path).suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")


def source_files(path):
    """Find the project's files that a file consists of, itself included.

    These are its imports, direct and indirect, in any function, and all modules of a package with an __init__.py, which
    may import them by name.
    """
    found, waiting = set(), [Path(path)]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        if file.suffix in CODE:
            waiting += imported_files(file)
        if file.name == "__init__.py":
            waiting += file.parent.glob("*.py")
    return found


def imported_files(file):
    """List the project's files that a file imports itself, in any function."""
    return [path for node in _nodes(file) for path in map(_file_of, _imported_names(node)) if path]


def parameters(stage):
    """Return the settings and sections that a stage's Params class declares."""
    params = getattr(importlib.import_module(f"stages.{stage}"), "Params", None)
    return set(params.model_fields) if params else set()


def _nodes(file):
    return list(ast.walk(ast.parse(source(file))))


def _imported_names(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _file_of(name):
    if name.split(".")[0] not in PACKAGES:
        return None
    path = ROOT / name.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)
