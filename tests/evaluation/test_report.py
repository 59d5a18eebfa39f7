"""The content of reports/index.html, for known predictions."""

import re

import evaluated
import numpy as np
import pandas as pd
import pytest
from evaluated import figure, part, section, text_of

from digits import arrays
from digits.errors import InputError


def test_the_accuracies_come_first_with_their_intervals(page):
    headlines = text_of(page[page.index('class="tiles"') : page.index('id="confusion"')])
    assert "held-out accuracy 90.00% 95% interval 69.90% to 97.21%; 2 of 20 held-out images misclassified" in headlines
    assert (
        "out-of-fold accuracy 99.17% 95% interval 95.43% to 99.85%; 1 of 120 out-of-fold images misclassified"
        in headlines
    )
    assert "log loss 0.5" in headlines and "of the 20 held-out images; 0 is perfect" in headlines
    assert re.search(
        r"calibration error 8\.00% 95% interval [\d.]+% to [\d.]+%; .* of the 20 held-out images", headlines
    )


def test_a_cell_of_the_confusion_matrix_has_its_images_and_an_empty_one_is_no_button(page):
    assert 'aria-label="3 predicted as 4: 1 image">1</button>' in page and 'popovertarget="held-out-3-5"' not in page
    popover = page[page.index('id="held-out-3-4"') :]
    popover = popover[: popover.index("</div>\n</div>")]
    assert re.findall('alt="([^"]*)"', popover) == ["Image 4: label 3, predicted as 4 with 82.0% confidence"]
    assert page.count('<button class="correct"') == 20 and page.count('<button class="misclassified"') == 3


def test_held_out_and_out_of_fold_images_have_a_confusion_matrix_and_their_most_frequent_confusions_each(page, fill):
    assert "20 held-out images 120 out-of-fold images" in section(page, "confusion")
    assert part(page, "held-out").endswith("confusions 1 predicted as 2 : 1 image 3 predicted as 4 : 1 image")
    assert part(page, "out-of-fold").endswith("confusions 9 predicted as 5 : 1 image")
    page = evaluated.evaluate_in(fill(wrong=[0, 103, 113, 102]))
    assert part(page, "held-out").endswith("confusions 0 predicted as 1 : 1 image")
    assert part(page, "out-of-fold").endswith("confusions 3 predicted as 4 : 2 images 2 predicted as 3 : 1 image")


def test_misclassified_images_are_shown_most_confident_first_with_their_ten_probabilities(page):
    shown = section(page, "misclassified")
    assert shown.startswith("3 misclassified images Most confident first.")
    assert re.findall(r"\d predicted as \d", shown) == ["9 predicted as 5", "3 predicted as 4", "1 predicted as 2"]
    assert "3 predicted as 4 4: 82.0% · 3: 2.0% image 4 held-out" in shown
    probabilities = ", ".join(f"{digit}: {'82.0%' if digit == 4 else '2.0%'}" for digit in range(10))
    assert f'aria-label="Probabilities: {probabilities}"' in page


def test_each_digit_has_its_precision_recall_and_f1_in_each_split(page):
    assert "3 100.00% 50.00% 66.67% 2" in part(page, "held-out")
    assert "9 100.00% 92.31% 96.00% 13" in part(page, "out-of-fold")


def test_the_reliability_is_that_of_the_held_out_images(page, folder):
    (row,) = pd.read_csv(folder / "reports/plots/reliability.csv").itertuples()
    assert (row.confidence, row.accuracy, row.images) == (pytest.approx(0.82), 0.9, 20)
    assert "for the held-out images" in section(page, "reliability")
    assert "82.0% 90.0% 69.9% to 97.2% 20" in section(page, "reliability")


def test_the_effect_of_label_smoothing_is_explained_if_there_is_any(fill):
    folder = fill()
    params = (folder / "params.yaml").read_text()
    for value, explanation in ("0.2", "smoothing of 0.2 trains them towards a confidence of 82.0%"), ("0.0", None):
        (folder / "params.yaml").write_text(re.sub("label_smoothing: [0-9.]+", f"label_smoothing: {value}", params))
        shown = section(evaluated.evaluate_in(folder), "reliability")
        assert explanation in shown if explanation else "smoothing" not in shown


def test_the_curves_of_listed_members_are_in_one_chart_and_those_of_other_members_are_not(page):
    shown = section(page, "training")
    assert "accuracy 0 120 3 2 0.5000 93.75% 1 120 3 2 0.5000 93.75% Loss" in shown
    assert sorted({trace["name"] for trace in figure(page, "curves")["data"]}) == ["member 0", "member 1"]
    loss = next(trace for trace in figure(page, "curves")["data"] if trace["mode"] == "lines+markers")
    assert loss["x"] == [1, 2, 3] and loss["y"] == [1, 0.5, 3] and loss["marker"]["size"] == [4, 11, 4]


def test_suspected_label_errors_are_shown_if_there_are_any(page, fill):
    shown = section(page, "label-issues")
    assert shown.startswith("1 suspected label error Of 120 out-of-fold images, 1 is probably mislabelled")
    assert re.findall(r"image (\d+)", shown) == ["26"]
    assert "label-issues" not in evaluated.evaluate_in(fill())


def test_labels_and_predicted_digits_are_compared_and_described(page, folder):
    counts = np.bincount(arrays.load_labelled(folder / "data/prepared/labelled.npz").labels)
    description = ", ".join(f"{digit}: {count} images" for digit, count in enumerate(counts))
    assert f'alt="Horizontal bars of the labels: {description}."' in page and f"Labels: {description}. Pred" in page
    assert "7: 3 images, 8: 1 image, 9: 0 images." in page
    labels, predicted = figure(page, "distributions")["data"]
    assert labels["customdata"] == counts.tolist() and predicted["x"] == [0] * 7 + [75, 25, 0]


def test_the_last_search_is_shown_if_there_was_one(page, fill):
    assert "make search" not in page
    folder = fill()
    trials = pd.DataFrame({"trial": range(1, 13), "lr": 0.125, "log_loss": 0.25, "status": "complete"})
    (folder / "reports/search").mkdir()
    trials.to_csv(folder / "reports/search/trials.csv", index=False)
    (folder / "reports/search/trials.png").write_bytes((folder / "reports/labels/bars.png").read_bytes())
    shown = section(evaluated.evaluate_in(folder), "search")
    assert "The best 10 of 12 trials" in shown and "trial lr log_loss status 1 0.125 0.25 complete" in shown


def test_without_a_held_out_set_and_after_one_epoch_there_is_a_report(fill):
    page = evaluated.evaluate_in(fill(wrong=[7], folds=[0, 1], epochs=1))
    assert "held-out accuracy" not in page and "no images were held out" in page
    assert "for the out-of-fold images" in section(page, "reliability")
    assert "0 100 1 1 1.0000 87.50%" in section(page, "training")
    assert "held-out images" not in section(page, "confusion")


def test_without_a_misclassified_image_the_least_confident_predictions_are_shown(fill):
    shown = section(evaluated.evaluate_in(fill()), "misclassified")
    assert shown.startswith("No misclassified image These are the least confident predictions.")
    assert shown.count("predicted as") == 6


@pytest.mark.slow
def test_of_many_misclassified_images_only_the_first_are_shown(fill):
    page = evaluated.evaluate_in(fill(wrong=range(390), times=2))
    shown = section(page, "misclassified")
    assert shown.startswith("390 misclassified images") and "only the first 300 are shown" in shown
    assert shown.count("predicted as") == 300
    assert page.count('<button class="misclassified"') == 20 and page.count("only the first 12 are shown") == 20


@pytest.mark.parametrize("damage", [None, "", "step\tloss\n", "step\tloss\n0\tgood\n", "step\tloss\n0\t0.5\n"])
def test_missing_or_damaged_training_curves_are_one_line(fill, damage):
    folder = fill()
    path = folder / "reports/training/member-0/validation/loss.tsv"
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.raises(InputError, match=r"reports/training/member-0 .*`dvc repro`"):
        evaluated.evaluate_in(folder)
    assert not (folder / "reports/index.html").exists()
