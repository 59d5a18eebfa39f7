"""The benchmark: the published recipes are rebuilt exactly, results are kept, and the product does not import it."""

import json
import sys

import graph
import pytest

from benchmarks import tables
from digits.data import kaggle_csv
from digits.errors import InputError

pytestmark = pytest.mark.usefixtures("backend")
PUBLISHED_PARAMETERS = {"keras-example": 34_826, "ghouzam": 887_530, "deotte": 327_242}


@pytest.fixture(scope="module")
def project(make_project, few_digits):
    """A project with a few digits in data/incoming, whose recipe trains in seconds."""
    project = make_project(**{"epochs": 2, "network.width": 2})
    images, labels = few_digits
    kaggle_csv.write_train(project / "data/incoming/train.csv", images, labels)
    return project


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_a_published_recipe_has_its_authors_number_of_parameters(name):
    from benchmarks.recipes import RECIPES

    assert RECIPES[name].build().count_params() == PUBLISHED_PARAMETERS[name]


def test_multiply_accumulates_are_counted_layer_by_layer():
    from benchmarks import recipes, train

    by_hand = 26 * 26 * 32 * 9 + 11 * 11 * 64 * 9 * 32 + 5 * 5 * 64 * 10
    assert train.multiply_accumulates(recipes.RECIPES["keras-example"].build()) == by_hand


def test_the_page_on_experiments_gives_the_commands_of_the_variants():
    from benchmarks import recipes

    readme = (graph.ROOT / "docs/experiments.md").read_text().replace("\\\n       ", "")
    for changes in recipes.VARIANTS.values():
        settings = [f"{name}={str(value).replace(' ', '')}" for name, value in changes.items()]
        lines = [line for line in readme.splitlines() if line.strip().startswith("dvc exp run")]
        assert any(all(setting in line for setting in settings) for line in lines), settings


def test_the_table_has_mean_deviation_and_the_seconds_to_each_target():
    constant = {"parameters": 1000, "multiply_accumulates": 2_000_000, "epochs": 3, "seconds": 20.0, "peak_mb": 900}
    constant |= {"images_per_second": 1000, "predicted_per_second": 5000}
    networks = {
        "1": constant | {"accuracy": 0.992, "curve": [[5.0, 0.98], [10.0, 0.991], [20.0, 0.992]]},
        "2": constant | {"accuracy": 0.995, "curve": [[5.0, 0.98], [10.0, 0.9945], [20.0, 0.995]]},
    }
    results = {
        "machine": {"peak_gflops": 120},
        "recipes": {
            "deotte": {"networks": {"1": networks["1"] | {"seconds": 80.0}}, "averaged": [[80.0, 0.995]]},
            "our-fast": {"networks": networks, "averaged": [[20.0, 0.992], [40.0, 0.996]]},
        },
    }
    row = tables.recipes_table(results).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:9] == ["our-fast", "1,000", "2.0 M", "3", "20", "25.0 %", "10 s", "10 s (1 of 2)", "–"]
    assert cells[9:11] == ["99.350 ± 0.212 % (n = 2)", "99.60 % (2 in 40 s)"]
    assert cells[11:] == ["1,000", "5,000", "10 %", "900 MB"]


@pytest.mark.faults
def test_a_recipe_is_trained_once_and_its_row_is_written(project):
    command = "python", "-m", "benchmarks.run", "our-default", "--seeds", "2"
    (project / "benchmarks/results.json").unlink(missing_ok=True)
    assert project.run(*command).stdout.count("our-default, network") == 2
    results = json.loads((project / "benchmarks/results.json").read_text())
    assert list(results["recipes"]) == ["our-default"] and results["machine"]["peak_gflops"] > 0
    measured = results["recipes"]["our-default"]["networks"]["2"]
    assert measured["epochs"] == 2 and len(measured["curve"]) >= 2
    assert measured["seconds"] > 0 and measured["peak_mb"] > 100
    assert len(results["recipes"]["our-default"]["averaged"]) == 2
    assert "| our-default |" in (project / "benchmarks/README.md").read_text()
    assert (project / "benchmarks/accuracy.png").read_bytes().startswith(b"\x89PNG")

    (project / ".work/benchmark/our-default-2.npy").unlink()  # as on a machine that has not trained it
    again = project.run(*command, "--untimed").stdout
    assert "network 1" not in again and "network 2" in again
    results = json.loads((project / "benchmarks/results.json").read_text())
    assert "seconds" not in results["recipes"]["our-default"]["networks"]["2"]


def test_a_wrong_name_and_missing_data_end_in_one_line(tmp_path, monkeypatch):
    from benchmarks import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["run", "lenet"])
    with pytest.raises(InputError, match="'lenet'.*keras-example"):
        run.main()
    monkeypatch.setattr(sys, "argv", ["run"])
    with pytest.raises(InputError, match="data/incoming/train.csv"):
        run.main()
