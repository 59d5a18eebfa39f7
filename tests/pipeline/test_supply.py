"""Dependencies are pinned, hashed, licensed and used; no file has a secret, a path of one machine or Kaggle's data."""

import ast
import importlib.metadata
import re
import sys

import graph
import pytest


def normalize(name):
    """Normalize a package's name as in requirements.txt."""
    return re.sub(r"[-_.]+", "-", name).lower()


def chosen_packages(file):
    """Read {name: comment} from a requirements file without versions of dependencies."""
    lines = re.findall(r"^([\w.-]+)[^#\n]*(?:# *(.*))?$", (graph.ROOT / file).read_text(), re.MULTILINE)
    return {normalize(name): comment for name, comment in lines if not name.startswith("-")}


KINDS = "requirements", "requirements-dev", "requirements-export", "requirements-cluster"
EXTRA = chosen_packages("requirements-cluster.in")
CHOSEN = {package: comment for kind in KINDS for package, comment in chosen_packages(f"{kind}.in").items()}
REQUIREMENT = re.compile(
    r"([a-z0-9][a-z0-9._-]*)==([^ \\;]+)( ; [^\\]+)? \\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)(?:\n    #.*)*"
)
BY_WORDS = {"Apache": "Apache-2.0", "MIT": "MIT", "BSD": "BSD-3-Clause", "Python Software Foundation": "PSF-2.0"}
NOT_IMPORTED = {"jupyterlab", "ipykernel", "ruff", "mypy", "tf2onnx", "python-dateutil", "moto"}  # commands, a kernel
NOT_IMPORTED |= {"nbconvert", "nbmake", "pytest-xdist", "pytest-timeout"}  # a command, plugins


def pinned_versions(file):
    """Read {name: versions} from a compiled file; some packages have several versions, by Python's version."""
    text = (graph.ROOT / file).read_text()
    assert REQUIREMENT.sub("", text).strip() == "", "a line without an exact version and a hash"
    versions = {}
    for requirement in REQUIREMENT.finditer(text):
        versions.setdefault(requirement[1], set()).add(requirement[2])
    return versions


def skip_without(package):
    """Skip a test if a package of requirements-cluster.in is not installed."""
    if package in EXTRA and not list(importlib.metadata.distributions(name=package)):
        pytest.skip(f"needs {package}: make cluster-setup")


@pytest.mark.parametrize("kind", KINDS)
def test_each_package_is_pinned_with_hashes_and_adds_to_the_others_without_changing_them(kind):
    chosen, versions, base = (
        chosen_packages(f"{kind}.in"),
        pinned_versions(f"{kind}.txt"),
        pinned_versions("requirements.txt"),
    )
    assert set(chosen) <= set(versions)
    assert {name for name in versions if name in base and not versions[name] <= base[name]} == set()
    for package in chosen:
        skip_without(package)
        assert importlib.metadata.version(package) in versions[package], f"another version of {package} is installed"


@pytest.mark.parametrize("name", CHOSEN)
def test_the_licence_of_a_chosen_package_is_the_one_it_declares(name):
    licence, _, reason = CHOSEN[name].partition(" · ")
    assert reason, "requirements.in gives no reason"
    skip_without(name)
    declared = importlib.metadata.metadata(name)
    classifiers = [part for part in declared.get_all("Classifier", []) if part.startswith("License")]
    words = " ".join([*classifiers, (declared["License"] or "")[:200]])
    older = next((short for word, short in BY_WORDS.items() if word in words), None)
    assert licence == (declared["License-Expression"] or older)


def imported_modules():
    """Find the top-level modules that the project's files import, the notebook included."""
    for path in graph.tracked_files("*.py", "*.ipynb"):
        code = "\n".join(line for line in graph.source(path).splitlines() if not line.lstrip().startswith(("%", "!")))
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_the_chosen_packages_are_those_that_are_used():
    ours = {path.relative_to(graph.ROOT).parts[0].removesuffix(".py") for path in graph.tracked_files("*.py")}
    ours |= {path.stem for path in graph.tracked_files("tests/*.py")}
    packages = importlib.metadata.packages_distributions()
    used = {_package_of(module, packages) for module in set(imported_modules()) - set(sys.stdlib_module_names) - ours}
    assert used <= set(CHOSEN), "imported, but not in requirements.in"
    assert set(CHOSEN) - used == NOT_IMPORTED, "in requirements.in, but not imported"


def _package_of(module, packages):
    names = {normalize(name) for name in packages.get(module, [module])}  # not installed: named as its module
    return next(iter(names & set(CHOSEN) or names))


LEAKS = {  # kind: (pattern, an example in pieces, so that this file has none)
    "a Kaggle token": (r"KGAT_[0-9a-zA-Z]{16}", "KGAT" + "_0123456789abcdef0123"),
    "a Kaggle key": (r"(?i)[\"']?key[\"']?\s*[:=]\s*[\"']?[0-9a-f]{32}\b", '"key"' + f': "{"0123456789abcdef" * 2}"'),
    "a private key": (r"-----BEGIN [A-Z ]*PRIVATE KEY", "-----BEGIN " + "RSA PRIVATE KEY-----"),
    "a token of a code host": (r"\b(ghp|gho|ghs|github_pat|glpat)[-_][0-9a-zA-Z_]{20}", "ghp" + "_" + 20 * "a"),
    "a cloud key": (r"\b(AKIA|ASIA)[0-9A-Z]{16}\b", "AKIA" + "0123456789ABCDEF"),
    "another token": (r"\b(hf|sk|xox[abp])[-_][0-9a-zA-Z-]{24}", "hf" + "_" + 24 * "a"),
    "a login in an address": (r"https?://[^/\s:@\"'{}<>]+:[^/\s@\"'{}<>]+@", "https://me" + ":secret@example.org"),
    "an absolute path": (r"(?<![\w.~}$/:*-])/(home|work|tmp|root|Users|mnt|opt)/\w", "see /ho" + "me/me/digits"),
    "a Windows path": (r"\b[A-Z]:\\\\?(Users|Windows|Temp|home)\b", "C:" + "\\Users\\me"),
    "a path in an address": (r"file:///?[a-zA-Z]", "fil" + "e:///x"),
    "the pixels of an image": (r"(\d{1,3}[,;\t ]\s*){150}", ",".join(["0"] * 784)),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_no_file_contains_a_secret_a_path_of_one_machine_or_an_image(kind):
    pattern, example = LEAKS[kind]
    assert re.search(pattern, example), "the pattern finds what it is for"
    texts = {path: path.read_bytes().decode("latin-1") for path in graph.tracked_files(untracked=False)}
    assert [path for path, text in texts.items() if re.search(pattern, text)] == []


def test_no_data_and_no_model_is_committed():
    committed = {
        str(path.relative_to(graph.ROOT))
        for path in graph.tracked_files("data", "models", "*.npz", "*.npy", "*.keras", "*.h5", "*.zip", "*.gz", "*.pkl")
    }
    assert committed == {"data/incoming/README.md"}
