"""The content of reports/index.html, for known predictions."""

import re

import evaluated
import numpy as np
import pandas as pd
import pytest

from digits.data import arrays
from digits.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory, few_digits):
    return evaluated.make_report(tmp_path_factory.mktemp("report"), *few_digits)


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "reports/index.html").read_text(encoding="utf-8")


@pytest.fixture
def fill(tmp_path, few_digits):
    """Fill another folder with the 200 digits `times` over: `fill(wrong=[3])` with that image misclassified."""

    def fill(wrong=(), times=1, folds=(arrays.HELD_OUT, 0), **options):
        images, labels = (np.concatenate([array] * times) for array in few_digits)
        fold = np.repeat(np.array(folds, np.int8), 100 * times)
        probabilities = evaluated.make_probabilities(labels)
        for place in wrong:
            probabilities[place] = np.roll(probabilities[place], 1)
        evaluated.fill(tmp_path, images, labels, fold, probabilities, **options)
        return tmp_path

    return fill


def text_of(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def section(page, name):
    """The text of a section."""
    return text_of(re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1])


def test_the_accuracies_come_first_with_their_intervals(page):
    headlines = text_of(page[page.index('class="tiles"') : page.index('id="confusion"')])
    assert "held-out accuracy 90.00% 95% interval 69.90% to 97.21%; 2 of 20 images misclassified" in headlines
    assert "out-of-fold accuracy 99.17% 95% interval 95.43% to 99.85%; 1 of 120 images misclassified" in headlines
    assert "2 networks, averaged, evaluated on 140 of 200 labelled images" in page


def test_a_cell_of_the_confusion_matrix_has_its_images_and_an_empty_one_is_no_button(page):
    assert 'aria-label="3 predicted as 4: 1 image">1</button>' in page and 'popovertarget="cell-3-5"' not in page
    popover = page[page.index('id="cell-3-4"') :]
    popover = popover[: popover.index("</div>\n</div>")]
    assert re.findall('alt="([^"]*)"', popover) == ["Image 4: label 3, predicted as 4 with 82.0% confidence"]
    assert page.count('<button class="correct"') == 10 and page.count('<button class="misclassified"') == 3


def test_misclassified_images_are_shown_most_confident_first_with_their_ten_probabilities(page):
    shown = section(page, "misclassified")
    assert shown.startswith("3 misclassified images Most confident first.")
    assert re.findall(r"\d predicted as \d", shown) == ["9 predicted as 5", "3 predicted as 4", "1 predicted as 2"]
    assert "3 predicted as 4 4: 82.0% · 3: 2.0% image 4" in shown
    probabilities = ", ".join(f"{digit}: {'82.0%' if digit == 4 else '2.0%'}" for digit in range(10))
    assert f'aria-label="Probabilities: {probabilities}"' in page


def test_each_digit_has_its_precision_recall_and_f1(page, folder):
    shown = section(page, "per-digit")
    for row in pd.read_csv(folder / "reports/plots/per_digit.csv").itertuples():
        assert f"{row.digit} {row.precision:.2%} {row.recall:.2%} {row.f1:.2%} {row.images}" in shown


def test_the_reliability_is_that_of_the_held_out_images(page, folder):
    (row,) = pd.read_csv(folder / "reports/plots/reliability.csv").itertuples()
    assert (row.confidence, row.accuracy, row.images) == (pytest.approx(0.82), 0.9, 20)
    assert "for the held-out images" in section(page, "reliability")
    assert "82.0% 90.0% 69.9% to 97.2% 20" in section(page, "reliability")


def test_the_curves_of_listed_members_are_shown_and_those_of_other_members_are_not(page):
    shown = section(page, "training")
    assert "member 0 3 2 0.5000 93.75%" in shown and "member 1 3 2 0.5000 93.75%" in shown
    assert "member 2" not in shown and page.count("Loss and error rate of member") == 2


def test_probably_mislabelled_images_come_first_and_are_marked(page):
    shown = section(page, "label-issues")
    assert "Of 120 out-of-fold images, 1 is probably mislabelled" in shown
    assert re.findall(r"image (\d+)(?: (mislabelled\?))?", shown)[0] == ("26", "mislabelled?")
    assert shown.count("mislabelled?") == 1 and shown.count("predicted as") == 6
    assert "image 4" not in shown.split(), "held-out images are not out of fold"


def test_the_label_distribution_is_charted_and_described(page, folder):
    counts = np.bincount(arrays.load_labelled(folder / "data/prepared/labelled.npz").labels)
    description = ", ".join(f"{digit}: {count} images" for digit, count in enumerate(counts))
    assert f'alt="Horizontal bars of the labels: {description}."' in page and 'alt="Pie of the labels: 0: ' in page


def test_every_setting_is_listed_with_its_value_as_dvc_reads_it_and_its_comment(fill):
    folder = fill()
    params = (folder / "params.yaml").read_text()
    params = re.sub(r"(?m)^epochs: \d+ .*", "epochs: 010  # <script>alert(1)</script>& passes", params)
    (folder / "params.yaml").write_text(params)
    page = evaluated.evaluate_in(folder)
    shown = section(page, "settings")
    for line in re.findall(r"^( *\w+): *(\S.*?)? +# (.*)$", params, re.MULTILINE):
        name, value, comment = (part.strip() for part in line)
        if name != "epochs":
            assert f"{name} {value} {comment}".replace("  ", " ") in shown
    assert "augment.rotate 10 degrees" in shown
    assert "epochs 10 &lt;script&gt;alert(1)&lt;/script&gt;&amp; passes" in shown and "<script>alert" not in page


def test_the_versions_are_those_of_each_training(page, fill):
    assert "members 0, 1 keras 3.15.1, python 3.11.9, tensorflow 2.21.0 this page python" in section(page, "settings")
    folder = fill(members=[0, 4])
    evaluated.write_training(folder, 4, versions={"python": "3.13.1", "keras": "<b>3.16</b>"})
    shown = section(evaluated.evaluate_in(folder), "settings")
    assert "member 0 keras 3.15.1, python" in shown and "member 4 keras &lt;b&gt;3.16&lt;/b&gt;, python 3.13.1" in shown


def test_without_a_held_out_set_and_after_one_epoch_there_is_a_report(fill):
    page = evaluated.evaluate_in(fill(wrong=[7], folds=[0, 1], epochs=1))
    assert "held-out accuracy" not in page and "no images were held out" in page
    assert "for the out-of-fold images" in section(page, "reliability")
    assert "member 0 1 1 1.0000 87.50%" in section(page, "training")


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
    assert page.count('<button class="misclassified"') == 10 and page.count("only the first 24 are shown") == 10


@pytest.mark.parametrize("damage", [None, "", "step\tloss\n", "step\tloss\n0\tgood\n", "step\tloss\n0\t0.5\n"])
def test_missing_or_damaged_training_curves_are_one_line(fill, damage):
    folder = fill()
    path = folder / "reports/training/member-0/validation/loss.tsv"
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.raises(InputError, match=r"reports/training/member-0 .*`dvc repro`"):
        evaluated.evaluate_in(folder)
    assert not (folder / "reports/index.html").exists()


def test_missing_versions_of_a_training_are_one_line(fill):
    folder = fill()
    (folder / "reports/training/member-0.json").unlink()
    with pytest.raises(InputError, match=r"reports/training/member-0\.json is missing"):
        evaluated.evaluate_in(folder)
    assert not (folder / "reports/index.html").exists()
