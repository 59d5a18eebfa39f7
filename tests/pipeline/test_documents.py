"""The figures of the documents are those of their sources, and what the documents name exists."""

import json
import re
import statistics

import graph
import pytest

from benchmarks import tables
from digits.evaluation.metrics import accuracy_interval

CARD, README, EXPERIMENTS = (
    (graph.ROOT / name).read_text() for name in ("MODEL_CARD.md", "README.md", "docs/experiments.md")
)
DOCUMENTS = [str(path.relative_to(graph.ROOT)) for path in graph.tracked_files("*.md")]
UNSEEN = 7_980  # images of the benchmark
OURS = "default", "bfloat16", "fast"


def benchmark_rows():
    recipes = json.loads(tables.RESULTS.read_text())["recipes"]
    for name in OURS:
        accuracies = _accuracies(recipes[f"our-{name}"])
        low, high = accuracy_interval(round(statistics.mean(accuracies) * UNSEEN), UNSEEN)
        interval = f"{100 * low:.2f}–{100 * high:.2f} %"
        yield f"| one network, {name} settings | {tables.mean_and_deviation(accuracies)} | {interval} |"


def test_the_table_of_the_model_card_has_the_figures_of_the_benchmarks(monkeypatch):
    monkeypatch.chdir(graph.ROOT)
    missing = [row for row in benchmark_rows() if row not in CARD.splitlines()]
    assert not missing, "MODEL_CARD.md lacks these rows:\n" + "\n".join(missing)


def test_the_model_card_gives_the_number_of_parameters_of_the_default_network():
    results = json.loads((graph.ROOT / "benchmarks/results.json").read_text())["recipes"]
    (parameters,) = {network["parameters"] for network in results["our-default"]["networks"].values()}
    assert f"| parameters | {parameters:,} |" in CARD


def test_the_documents_have_the_accuracies_and_times_of_the_benchmarks():
    results = json.loads(tables.RESULTS.read_text())
    names = {f"this project, {name}": f"our-{name}" for name in OURS}
    names |= {"Deotte's network": "deotte", "Keras's example": "keras-example"}
    rows = []
    for name, recipe in names.items():
        measured = results["recipes"][recipe]
        accuracy = _short(_accuracies(measured))
        rows.append(f"| {name} | {accuracy} | {tables.mean_seconds(measured):,.0f} s |")
        if recipe.startswith("our-"):
            rows.append(f"| {recipe.removeprefix('our-')} | {accuracy} | {tables.relative_time(measured, results)} |")
    missing = [row for row in rows if row not in (README + EXPERIMENTS).splitlines()]
    assert not missing, "README.md and docs/experiments.md lack these rows:\n" + "\n".join(missing)


def _accuracies(recipe):
    return [network["accuracy"] for network in recipe["networks"].values()]


def _short(accuracies):
    deviation = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(accuracies) > 1 else ""
    return f"{100 * statistics.mean(accuracies):.2f}{deviation} % (n = {len(accuracies)})"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_link_to_a_file_leads_to_it(name):
    document = graph.ROOT / name
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    local = [target for target in targets if "://" not in target and not target.startswith("../../actions/")]
    missing = [target for target in local if not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_link_to_a_section_leads_to_it(name):
    document = graph.ROOT / name
    for path, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", document.read_text()):
        target = document.parent / path if path else document
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{name} links to {path}#{anchor}"


def test_a_file_that_contributing_names_exists():
    text = (graph.ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`([\w/.-]+/[\w.-]*|[\w-]+\.(?:py|md|yaml|in|txt|ipynb|html))`", text)
    anywhere = {path.name for path in graph.tracked_files()}
    assert named
    assert not [name for name in named if not (graph.ROOT / name).exists() and name not in anywhere]
