"""The figures of the documents are those of their sources, and what the documents name exists."""

import json
import re
import statistics

import graph
import pytest

from benchmarks import tables
from digits.evaluation.metrics import accuracy_interval

CARD = (graph.ROOT / "MODEL_CARD.md").read_text()
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "MODEL_CARD.md", "benchmarks/README.md", "tests/README.md"]
UNSEEN = 7_980  # images of the benchmark


def percent(correct, images):
    low, high = accuracy_interval(correct, images)
    return f"{correct / images:.2%}".replace("%", " %"), f"{100 * low:.2f}–{100 * high:.2f} %"


def counted(name, errors, images):
    accuracy, interval = percent(images - errors, images)
    return f"| {name} | {accuracy} | {interval} | {errors:,} of {images:,} |"


def benchmark_rows():
    recipes = json.loads(tables.RESULTS.read_text())["recipes"]
    for name, recipe in ("one network, fast settings", "our-fast"), ("one network, former defaults", "former-default"):
        accuracies = [network["accuracy"] for network in recipes[recipe]["networks"].values()]
        _, interval = percent(round(statistics.mean(accuracies) * UNSEEN), UNSEEN)
        yield f"| {name} | {tables.mean_and_deviation(accuracies)} | {interval} |"
    averaged = recipes["former-best"]["averaged"]
    accuracy, interval = percent(round(averaged[-1][1] * UNSEEN), UNSEEN)
    yield f"| {len(averaged)} networks of the former defaults, averaged | {accuracy} | {interval} |"


def half_data_rows():
    text = (graph.ROOT / "benchmarks/README.md").read_text()
    yield counted("one network, default settings", int(re.search(r"\| 256, 0.008, 12 \| (\d+) \|", text)[1]), 18_900)


def out_of_fold_rows():
    text = (graph.ROOT / "benchmarks/README.md").read_text()
    yield counted("out of fold, ten networks", int(re.search(r"\| as the pipeline runs \| (\d+) \|", text)[1]), 42_000)


@pytest.mark.parametrize("rows", [benchmark_rows, half_data_rows, out_of_fold_rows])
def test_a_table_of_the_model_card_has_the_figures_of_its_source(rows, monkeypatch):
    monkeypatch.chdir(graph.ROOT)
    missing = [row for row in rows() if row not in CARD.splitlines()]
    assert not missing, "MODEL_CARD.md lacks these rows:\n" + "\n".join(missing)


def test_the_model_card_gives_the_number_of_parameters_of_the_default_network():
    results = json.loads((graph.ROOT / "benchmarks/results.json").read_text())["recipes"]
    (parameters,) = {network["parameters"] for network in results["former-default"]["networks"].values()}
    assert f"| parameters | {parameters:,} |" in CARD


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_link_to_a_file_leads_to_it(name):
    document = graph.ROOT / name
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    missing = [target for target in targets if "://" not in target and not (document.parent / target).exists()]
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
