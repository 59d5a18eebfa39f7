"""The content of reports/index.html, for known predictions."""

import re

import evaluated
from evaluated import section, text_of


def test_the_accuracies_come_first_with_their_intervals(page):
    headlines = text_of(page[page.index('class="tiles"') : page.index('id="confusion"')])
    assert "held-out accuracy 90.00% 95% interval 69.90% to 97.21%; 2 of 20 held-out images misclassified" in headlines
    assert "out-of-fold accuracy 99.17% 95% interval 95.43% to 99.85%; 1 of 120 out-of-fold" in headlines
    assert re.search(r"log loss 0\.5\d+ of the held-out images", headlines)
    assert re.search(r"calibration error 8\.00% 95% interval [\d.]+% to [\d.]+%; .* of the held-out images", headlines)


def test_a_cell_of_the_confusion_matrix_has_its_images_and_an_empty_one_is_no_button(page):
    assert 'aria-label="3 predicted as 4: 1 image">1</button>' in page and 'popovertarget="held-out-3-5"' not in page
    popover = page[page.index('id="held-out-3-4"') :].split("</div>\n</div>")[0]
    assert re.findall('alt="([^"]*)"', popover) == ["Image 4: label 3, predicted as 4 with 82.0% confidence"]
    assert page.count('<button class="correct"') == 20 and page.count('<button class="misclassified"') == 3


def test_each_split_has_its_precision_recall_f1_and_most_frequent_confusions(page):
    shown = section(page, "confusion")
    assert "20 held-out images 120 out-of-fold images" in shown
    held_out, out_of_fold = shown.split("rows: label")[1:]
    assert "3 100.00% 50.00% 66.67% 2" in held_out and "9 100.00% 92.31% 96.00% 13" in out_of_fold
    assert held_out.endswith("confusions 1 predicted as 2 : 1 image 3 predicted as 4 : 1 image ")
    assert out_of_fold.endswith("confusions 9 predicted as 5 : 1 image")


def test_misclassified_images_are_shown_most_confident_first_with_their_ten_probabilities(page, fill):
    wrong, correct = section(page, "misclassified").split("Least confident correct predictions")
    assert wrong.startswith("3 misclassified images 2 held-out, 1 out-of-fold; most confident first")
    assert re.findall(r"\d predicted as \d", wrong) == ["9 predicted as 5", "3 predicted as 4", "1 predicted as 2"]
    assert "3 predicted as 4 4: 82.0% · 3: 2.0% image 4 held-out" in wrong
    probabilities = ", ".join(f"{digit}: {'82.0%' if digit == 4 else '2.0%'}" for digit in range(10))
    assert f'aria-label="Probabilities: {probabilities}"' in page
    assert all(label == predicted for label, predicted in re.findall(r"(\d) predicted as (\d)", correct))
    assert section(evaluated.evaluate_in(fill()), "misclassified").startswith("No misclassified image Least confident")


def test_suspected_label_errors_are_shown_if_there_are_any(page, fill):
    shown = section(page, "label-issues")
    assert shown.startswith("1 suspected label error Of 120 out-of-fold images, 1 is probably mislabelled")
    assert re.findall(r"image (\d+)", shown) == ["26"]
    assert "label-issues" not in evaluated.evaluate_in(fill())


def test_the_temperature_and_the_errors_of_each_member_are_in_the_table_of_trainings(page):
    assert "temperature held-out errors 0 120 3 0.625 2 1 120 3 0.625 2 Solid" in section(page, "training")
    assert "without test-time augmentation" in section(page, "training"), "names why the last point can differ"


def test_labels_and_predicted_digits_are_compared(page):
    assert "5 9.5% 0.0%" in section(page, "data") and "7 10.0% 75.0%" in section(page, "data")


def test_the_header_and_the_table_have_the_settings_that_differ_from_the_defaults(page):
    header = text_of(re.search(r'<dl class="facts">(.*?)</dl>', page, re.DOTALL)[1])
    assert "sample: 200 labelled images (20 held-out, 120 out-of-fold), 4 unlabelled" in header
    assert "2 networks, averaged, of 1,234 parameters training 6 epochs in total; CPU, 2 threads, float32" in header
    assert "settings members [0, 1] (default [0]) written" in header
    shown = section(page, "settings")
    assert "members [0, 1] (default [0]) lr 0.008 epochs" in shown and "augment.rotate 10 augment.zoom" in shown
