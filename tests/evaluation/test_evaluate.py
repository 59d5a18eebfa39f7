"""The files that evaluate writes, for known predictions."""

import json

import evaluated
import numpy as np
import pandas as pd
import pytest

from digits import arrays
from digits.evaluation import metrics

FOLD = np.array([arrays.HELD_OUT, 0, 0, 0, 0], np.int8)


def read_results(folder):
    return [json.loads((folder / f"reports/{name}.json").read_text()) for name in ("metrics", "details")]


def test_each_image_is_counted_in_its_split_and_folds_without_a_member_in_none(folder):
    results, details = read_results(folder)
    assert {"accuracy", "errors", "gain", "log_loss", "oof_accuracy", "oof_log_loss"} <= results.keys()
    assert (results["accuracy"], results["errors"], details["images"]) == (0.9, 2, 20)
    assert (results["oof_accuracy"], details["oof_errors"], details["oof_images"]) == (pytest.approx(119 / 120), 1, 120)
    assert (details["accuracy_low"], details["accuracy_high"]) == metrics.accuracy_interval(18, 20)
    table = pd.read_csv(folder / "reports/plots/predictions.csv")
    assert table.row.tolist() == list(range(1, 141)) and table.row[table.predicted != table.label].tolist() == [
        4,
        12,
        26,
    ]
    assert table.split.tolist() == ["held-out"] * 20 + ["out-of-fold"] * 120
    assert pd.read_csv(folder / "reports/labels/counts.csv").images.sum() == 200


def test_a_member_that_is_no_longer_listed_leaves_no_file(folder):
    assert [path.name for path in (folder / "data/predictions").iterdir() if "2" in path.name] == []
    assert sorted({path.stem for path in (folder / "reports/training").iterdir()}) == ["member-0", "member-1"]
    assert set(pd.read_csv(folder / "reports/plots/curves.csv").member) == {0, 1}


def test_held_out_images_are_predicted_by_the_mean_which_gains_over_its_members(fill):
    folder = fill(members=[0, 1, 2])
    labels = arrays.load_labelled(folder / arrays.LABELLED).labels
    for member, wrong in enumerate([range(5), range(3, 5), range(5, 9)]):  # 5, 2 and 4 errors, and two members err on 2
        path = folder / arrays.predictions_path(member)
        parts = arrays.load_predictions([member], path.parent)[0]._asdict()
        arrays.save(path, **parts | {"held_out": evaluated.make_probabilities(labels[:20], wrong)})
    page = evaluated.evaluate_in(folder)
    results, details = read_results(folder)
    assert details["member_errors"] == [5, 2, 4] and results["errors"] == 2
    assert results["gain"] == pytest.approx((5 + 2 + 4) / 3 - 2)
    assert (
        "ensemble gain 1.7 held-out errors fewer than its members make on average (2 to 5 each)"
        in evaluated.text_of(page)
    )


def test_without_a_held_out_set_its_metrics_are_absent(fill):
    folder = fill(wrong=[7], fold=np.resize(np.array([0, 1], np.int8), 200), epochs=1)
    page = evaluated.evaluate_in(folder)
    results, details = read_results(folder)
    assert results and all(name.startswith("oof_") for name in results)
    assert details["oof_images"] == 100 and "images" not in details
    assert "no images were held out" in page and "for the out-of-fold images" in page


def test_the_results_are_the_same_bytes_twice(fill):
    def run():
        page = evaluated.evaluate_in(folder)
        return page, {path: path.read_bytes() for path in (folder / "reports").rglob("*.*")}

    folder = fill(wrong=[3])
    assert run() == run()


@pytest.mark.slow
def test_a_report_on_the_competitions_images_is_smaller_than_1_mb(fill):
    page = evaluated.evaluate_in(fill(wrong=range(0, 42_000, 200), times=210, fold=np.resize(FOLD, 200)))
    assert len(page) < 1_000_000 and "only the first 120 are shown" in page
    assert page.index("<details><summary>108 more") > page.index("misclassified images</h2>")
