"""What comes in and what goes out: each package pinned, hashed, licensed and used; no secret, no path of one machine and
no image of the competition in a file of the repository."""

import ast
import importlib.metadata
import json
import re
import sys
import zipfile

import graph
import pytest
import yaml

CHOSEN = {
    line.split("#")[0].strip(): line.partition("#")[2].strip()
    for line in (graph.ROOT / "requirements.in").read_text().splitlines()
    if line.split("#")[0].strip()
}
REQUIREMENT = re.compile(
    r"([a-z0-9][a-z0-9._-]*)==([^ \\;]+)( ; [^\\]+)? \\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)(?:\n    #.*)*"
)
BY_WORDS = {"Apache": "Apache-2.0", "MIT": "MIT", "BSD": "BSD-3-Clause", "Python Software Foundation": "PSF-2.0"}
NOT_IMPORTED = {
    "jupyterlab": "a command",
    "ipykernel": "a process that the notebook's cells run in",
    "pytest-xdist": "an option of pytest",
}


def pinned():
    """{name: versions} of requirements.txt, which holds nothing but exact versions with their hashes; some differ by Python."""
    text = (graph.ROOT / "requirements.txt").read_text()
    found = {}

    def note(requirement):
        found.setdefault(requirement[1], set()).add(requirement[2])
        return ""

    assert REQUIREMENT.sub(note, text).strip() == "", "a line that is no exact version with a hash"
    return found


def test_each_package_is_pinned_with_hashes_and_installed_with_them():
    versions = pinned()
    assert len(versions) > 100 and set(CHOSEN) <= set(versions)
    assert "--require-hashes -r requirements.txt" in (graph.ROOT / "Makefile").read_text()
    for name in CHOSEN:
        assert importlib.metadata.version(name) in versions[name], f"{name} in this environment is another"


def test_a_requirement_without_a_hash_or_an_exact_version_would_be_noticed():
    assert REQUIREMENT.fullmatch("numpy==2.4.6 \\\n    --hash=sha256:" + "0" * 64)
    for bad in (
        "numpy==2.4.6",
        "numpy>=2 \\\n    --hash=sha256:" + "0" * 64,
        "numpy==2.4.6 \\\n    --hash=md5:" + "0" * 32,
    ):
        assert not REQUIREMENT.fullmatch(bad)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_licence_of_a_chosen_package_is_the_one_it_declares(name):
    licence, _, reason = CHOSEN[name].partition(" · ")
    assert reason, "why it is there"
    declared = importlib.metadata.metadata(name)
    if expression := declared["License-Expression"]:
        assert licence == expression
        return
    words = " ".join(
        [
            *(part for part in declared.get_all("Classifier") or [] if part.startswith("License")),
            (declared["License"] or "")[:200],
        ]
    )
    assert licence == next(short for word, short in BY_WORDS.items() if word in words)


def imported():
    """The top-level modules that the project's files import, those of the notebook too."""
    sources = [path.read_text() for path in graph.tracked_files("*.py")]
    for path in graph.tracked_files("*.ipynb"):
        cells = [cell["source"] for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        sources += [
            "\n".join(line for line in "".join(cell).splitlines() if not line.lstrip().startswith(("%", "!")))
            for cell in cells
        ]
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_what_is_chosen_is_used_and_what_is_used_is_chosen():
    ours = {path.relative_to(graph.ROOT).parts[0].removesuffix(".py") for path in graph.tracked_files("*.py")} | {
        path.stem for path in graph.tracked_files("tests/*.py")
    }
    modules = set(imported()) - set(sys.stdlib_module_names) - ours
    packages = importlib.metadata.packages_distributions()
    used = {packages[module][0].lower() for module in modules}
    assert used <= set(CHOSEN), "imported, but not in requirements.in"
    assert set(CHOSEN) - used == set(NOT_IMPORTED), "in requirements.in, but not imported"


def test_the_licence_is_mits():
    text = (graph.ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The Digit Recognizer authors\n")
    assert "WITHOUT WARRANTY OF ANY KIND" in text


SECRETS = {
    "a Kaggle token": r"KGAT_[0-9a-zA-Z]{16}",
    "a Kaggle key": r"(?i)[\"']?key[\"']?\s*[:=]\s*[\"']?[0-9a-f]{32}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a code host's token": r"\b(ghp|gho|ghs|github_pat|glpat)[-_][0-9a-zA-Z_]{20}",
    "a cloud's key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "another token": r"\b(hf|sk|xox[abp])[-_][0-9a-zA-Z-]{24}",
    "a login in an address": r"https?://[^/\s:@\"'{}<>]+:[^/\s@\"'{}<>]+@",
}
PATHS = {
    "an absolute path": r"(?<![\w.~}$/:*-])/(home|work|tmp|root|Users|mnt|opt)/\w",
    "a Windows path": r"\b[A-Z]:\\\\?(Users|Windows|Temp|home)\b",
    "a path in an address": r"file:///?[a-zA-Z]",
}
DATA = {"the pixels of an image": r"(\d{1,3}[,;\t ]\s*){150}"}


def leaks(text, patterns):
    return [f"{kind}: {found[0][:60]}" for kind, pattern in patterns.items() if (found := re.search(pattern, text))]


def test_no_file_holds_a_secret_a_path_of_one_machine_or_an_image():
    found = {}
    for path in graph.tracked_files():
        text = path.read_bytes().decode("latin-1")
        if said := leaks(text, SECRETS | PATHS | DATA):
            found[str(path.relative_to(graph.ROOT))] = said
    assert found == {}


@pytest.mark.parametrize(
    "example",
    [
        "KGAT" + "_0123456789abcdef0123",
        '{"username":"a","key"' + ':"0123456789abcdef0123456789abcdef"}',
        "KAGGLE_KEY" + "=0123456789abcdef0123456789abcdef",
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "ghp" + "_0123456789abcdefghij0123",
        "AKIA" + "0123456789ABCDEF",
        "https://me" + ":secret@example.org",
        "see /ho" + "me/me/digits",
        'open("/wo' + 'rk/main/x")',
        "=/tm" + "p/x",
        "C:" + "\\Users\\me",
        "fil" + "e:///x",
        ",".join(["0"] * 784),
        "\t".join(["255"] * 784),
    ],
)
def test_a_leak_would_be_noticed(example):
    assert leaks(example, SECRETS | PATHS | DATA)


def test_what_is_kept_of_results_is_of_the_sample():
    locked = yaml.safe_load((graph.ROOT / "dvc.lock").read_text())["stages"]["fetch"]["params"]["params.yaml"]["source"]
    assert yaml.safe_load((graph.ROOT / "params.yaml").read_text())["source"] == locked == "sample"
    kept = {
        str(path.relative_to(graph.ROOT))
        for path in graph.tracked_files("data", "models", "*.npz", "*.npy", "*.keras", "*.h5", "*.zip", "*.gz", "*.pkl")
    }
    assert kept == {"data/incoming/README.md"}


def test_a_clone_for_windows_keeps_the_line_ends(make_project, tmp_path):
    project = make_project()
    project.git("clone", "-q", "-c", "core.autocrlf=true", ".", str(tmp_path / "clone"))
    names = project.git("ls-files").splitlines()
    assert [name for name in names if (tmp_path / "clone" / name).read_bytes() != (project / name).read_bytes()] == []


REAL = graph.ROOT / "../shared/data/digit-recognizer.zip"


@pytest.mark.skipif(
    not REAL.exists(), reason="needs the competition's own digit-recognizer.zip, which the project does not ship"
)
def test_no_file_holds_a_piece_of_the_competitions_images():
    with zipfile.ZipFile(REAL) as archive, archive.open("train.csv") as file:
        rows = [file.readline().decode().split(",")[1:] for _ in range(201)][1:]
    pieces = [
        ",".join(row[at : at + 8])
        for row in rows
        for at in range(12, 784, 28)
        if sum(value != "0" for value in row[at : at + 8]) >= 5
    ]
    assert len(pieces) > 1000
    texts = "\n".join(path.read_bytes().decode("latin-1") for path in graph.tracked_files()).replace(", ", ",")
    assert not any(piece in texts for piece in pieces)
