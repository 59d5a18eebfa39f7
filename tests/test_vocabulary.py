"""The words of code and prose, and which package may import which."""

import json
import re

import graph
import pytest

WORDS = dict(
    line.split("\t") for line in (graph.ROOT / "tests/vocabulary.tsv").read_text(encoding="utf-8").splitlines()
)
TEXT = ["*.py", "*.md", "*.html", "*.js", "*.css", "*.ipynb", "*.yaml", "*.toml", "*.in", "*.sh", "Makefile"]
SHARED = {"settings", "errors", "files", "arrays", "cluster"}  # modules that all may import
FOLDERS = ["data", "model", "evaluation", "page", "handwriting"]  # each may import those before it


def test_no_file_uses_a_word_for_which_the_field_has_a_standard_term():
    found = []
    for path in graph.tracked_files(*TEXT):
        for number, line in enumerate(_prose(path).splitlines(), start=1):
            for pattern, replacement in WORDS.items():
                if match := re.search(pattern, line):
                    found.append(f"{path.relative_to(graph.ROOT)}:{number}: {match[0]!r}; use: {replacement}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("file", graph.tracked_files("digits/*.py"), ids=lambda file: str(file.relative_to(graph.ROOT)))
def test_a_folder_imports_the_shared_modules_and_the_folders_before_it_alone(file):
    own = file.relative_to(graph.ROOT).with_suffix("").parts[1]
    if own in SHARED:
        allowed = SHARED
    elif own in FOLDERS:
        allowed = SHARED | set(FOLDERS[: FOLDERS.index(own) + 1])
    else:  # a command, such as digits/compare.py
        allowed = SHARED | set(FOLDERS) | {own}
    for imported in graph.imported_files(file):
        folder, name, *_ = imported.relative_to(graph.ROOT).with_suffix("").parts
        assert folder == "digits" and name in allowed, f"imports {imported}; it may import {sorted(allowed)}"


def test_stages_import_no_stage():
    for file in graph.stage_files():
        assert not [imported for imported in graph.imported_files(file) if imported.parent.name == "stages"], file


def _prose(path):
    """Return a file's text; of a notebook, its cells without the stored outputs."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return text
