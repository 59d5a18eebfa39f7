"""The figures of the documents are those of their sources, and what the documents name exists."""

import json
import re
import statistics

import graph
import pytest

from benchmarks import tables
from digits.evaluation.metrics import accuracy_interval

CARD, README, BENCHMARKS = (
    (graph.ROOT / name).read_text() for name in ("MODEL_CARD.md", "README.md", "benchmarks/README.md")
)
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
    yield summarize(
        "former defaults", [network["accuracy"] for network in recipes["former-default"]["networks"].values()]
    )
    averaged = recipes["former-best"]["averaged"]
    accuracy, interval = percent(round(averaged[-1][1] * UNSEEN), UNSEEN)
    yield f"| {len(averaged)} networks of the former defaults, averaged | {accuracy} | {interval} |"


def present_settings():
    """The rows of the present settings in benchmarks/README.md: [(name, accuracies, time relative to Deotte's)]."""
    rows = re.findall(
        r"^\| (default|fast): [^|]+ \| ([\d, ]+) \| [^|]+ \| [^|]+ \| ([\d.]+ %[^|]*) \|$", BENCHMARKS, re.MULTILINE
    )
    assert [name for name, *_ in rows] == ["default", "fast"]
    return [(name, [1 - int(count) / UNSEEN for count in errors.split(",")], time) for name, errors, time in rows]


def present_rows():
    return [summarize(f"{name} settings", accuracies) for name, accuracies, _ in present_settings()]


def summarize(name, accuracies):
    _, interval = percent(round(statistics.mean(accuracies) * UNSEEN), UNSEEN)
    return f"| one network, {name} | {tables.mean_and_deviation(accuracies)} | {interval} |"


def half_data_rows():
    errors = re.search(r"\| 128, 0.008, 10 \(adopted\) \| (\d+), (\d+) \|", BENCHMARKS).groups()
    yield counted("one network, default settings", round(statistics.mean(map(int, errors))), 18_900)


def out_of_fold_rows():
    errors = int(re.search(r"\| as the pipeline runs \| (\d+) \|", BENCHMARKS)[1])
    yield counted("out of fold, ten networks", errors, 42_000)


@pytest.mark.parametrize("rows", [benchmark_rows, present_rows, half_data_rows, out_of_fold_rows])
def test_a_table_of_the_model_card_has_the_figures_of_its_source(rows, monkeypatch):
    monkeypatch.chdir(graph.ROOT)
    missing = [row for row in rows() if row not in CARD.splitlines()]
    assert not missing, "MODEL_CARD.md lacks these rows:\n" + "\n".join(missing)


def test_the_model_card_gives_the_number_of_parameters_of_the_default_network():
    results = json.loads((graph.ROOT / "benchmarks/results.json").read_text())["recipes"]
    (parameters,) = {network["parameters"] for network in results["former-default"]["networks"].values()}
    assert f"| parameters | {parameters:,} |" in CARD


def test_the_readme_has_the_accuracies_and_times_of_the_benchmarks():
    recipes = json.loads(tables.RESULTS.read_text())["recipes"]
    rows = []
    for name, accuracies, time in present_settings():
        assert tables.mean_and_deviation(accuracies) in BENCHMARKS
        seconds = float(time.partition(" ")[0]) / 100 * statistics.mean(_seconds(recipes["deotte"]))
        rows.append(f"| this project, {name} settings | {_short(accuracies)} | about {seconds:.0f} s, estimated |")
        rows.append(f"| {name} | {_short(accuracies)} | {time} |")
    for name, recipe in ("Deotte's network", "deotte"), ("Keras's example", "keras-example"):
        accuracies = [network["accuracy"] for network in recipes[recipe]["networks"].values()]
        rows.append(f"| {name} | {_short(accuracies)} | {statistics.mean(_seconds(recipes[recipe])):.0f} s |")
    missing = [row for row in rows if row not in README.splitlines()]
    assert not missing, "README.md lacks these rows:\n" + "\n".join(missing)


def _seconds(recipe):
    return [network["seconds"] for network in recipe["networks"].values()]


def _short(accuracies):
    mean, deviation = 100 * statistics.mean(accuracies), 100 * statistics.stdev(accuracies)
    return f"{mean:.2f} ± {deviation:.2f} % (n = {len(accuracies)})"


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
