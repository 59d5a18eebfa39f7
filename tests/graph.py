"""What the code says of the graph in dvc.yaml: which project files a stage is made of, and which parameters it reads."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import yaml

from digits.settings import dotted

ROOT = Path(__file__).parent.parent
PACKAGES = ("digits", "stages")
CODE = (".py", ".ipynb")  # files that can import


def definition():
    """dvc.yaml as it stands, by stage."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def tracked_files(*patterns):
    """The files that are, or with the next commit would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def stage_files():
    return sorted((ROOT / "stages").glob("*.py"))


def source(path):
    """The Python text of a file; of a notebook, that of its code cells."""
    text = Path(path).read_text(encoding="utf-8")
    if Path(path).suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")


def source_files(path):
    """The project's files that `path` imports or has beside it by `Path(__file__).with_name`, directly or through another
    of them, in any function; itself included."""
    found, waiting = set(), [Path(path)]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        if file.suffix in CODE:
            for node in ast.walk(ast.parse(source(file))):
                waiting += [module for module in map(_file_of, _imported_names(node)) if module]
                waiting += [file.with_name(name) for name in _names_beside(node)]
    return found


def imported_packages(path):
    """The packages, by the names under which they are imported, that `path` and the project's files behind it use."""
    files = [file for file in source_files(path) if file.suffix in CODE]
    nodes = [node for file in files for node in ast.walk(ast.parse(source(file)))]
    names = {name.split(".")[0] for node in nodes for name in _imported_names(node)}
    return names - set(PACKAGES) - set(sys.stdlib_module_names)


def parameters(stage):
    """The parameters that a stage's Params class declares, dotted: {"seed", "split.test", …}."""
    params = getattr(importlib.import_module(f"stages.{stage}"), "Params", None)
    return set(dotted(params)) if params else set()


def _imported_names(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _names_beside(node):
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "Path(__file__).with_name":
        return [ast.literal_eval(node.args[0])]
    return []


def _file_of(name):
    file = ROOT / (name.replace(".", "/") + ".py")
    return file if name.split(".")[0] in PACKAGES and file.exists() else None
