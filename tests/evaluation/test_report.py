"""reports/index.html: what stands on it, for results that are known."""

import json
import os
import re
import subprocess
import sys

import evaluated
import graph
import numpy as np
import pytest
import yaml

from digits.data import arrays
from digits.errors import InputError
from digits.evaluation import training_curves


@pytest.fixture(scope="module")
def folder(tmp_path_factory, few_digits):
    return evaluated.known_report(tmp_path_factory.mktemp("report"), *few_digits)


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "reports/index.html").read_text(encoding="utf-8")


@pytest.fixture
def fresh(tmp_path, few_digits):
    """Make another folder, of the 200 digits `times` over: `fresh(wrong=[3])` with that image taken for another digit."""

    def make(wrong=(), times=1, folds=(arrays.HELD_OUT, 0), **options):
        images, labels = (np.concatenate([array] * times) for array in few_digits)
        fold = np.repeat(np.array(folds, np.int8), 100 * times)
        probabilities = evaluated.known_predictions(labels)
        for place in wrong:
            probabilities[place] = np.roll(probabilities[place], 1)
        evaluated.fill(tmp_path, images, labels, fold, probabilities, **options)
        return tmp_path

    return make


def section(page, name):
    """The words in a section, its tags taken away."""
    inside = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1]
    return " ".join(re.sub(r"<[^>]*>", " ", inside).split())


def test_the_figures_stand_first_with_their_intervals(page):
    tiles = " ".join(re.sub(r"<[^>]*>", " ", page[page.index('class="tiles"') : page.index('id="confusion"')]).split())
    assert "held-out accuracy 90.00% 95% interval 69.90% to 97.21%; 2 of 20 images misclassified" in tiles
    assert "out-of-fold accuracy 99.17% 95% interval 95.43% to 99.85%; 1 of 120 images misclassified" in tiles
    assert "2 networks, averaged, measured on 140 of 200 labelled images" in page


def test_a_cell_of_the_confusion_matrix_has_its_images_and_an_empty_one_is_no_button(page):
    assert 'aria-label="3 read as 4: 1 image">1</button>' in page and 'popovertarget="cell-3-5"' not in page
    behind = page[page.index('id="cell-3-4"') :]
    behind = behind[: behind.index("</div>\n</div>")]
    assert re.findall('alt="([^"]*)"', behind) == ["Image 4: labelled 3, read as 4, 82.0% sure"]
    assert len(re.findall('<button class="right"', page)) == 10 and len(re.findall('<button class="wrong"', page)) == 3


def test_each_mistake_is_shown_with_its_ten_probabilities(page):
    shown = section(page, "mistakes")
    assert shown.startswith("3 mistakes The surest first.")
    assert [shown.index(words) for words in ("9 read as 5", "3 read as 4", "1 read as 2")] == sorted(
        map(shown.index, ("9 read as 5", "3 read as 4", "1 read as 2"))
    )
    assert "3 read as 4 4: 82.0% · 3: 2.0% image 4" in shown
    said = ", ".join(f"{digit}: {'82.0%' if digit == 4 else '2.0%'}" for digit in range(10))
    assert f'aria-label="Probabilities: {said}"' in page


def test_precision_recall_and_f1_stand_for_each_digit(page, folder):
    rows = np.loadtxt(folder / "reports/plots/per_digit.csv", delimiter=",", skiprows=1)
    words = section(page, "per-digit")
    for digit, precision, recall, f1, images in rows:
        assert f"{digit:.0f} {precision:.2%} {recall:.2%} {f1:.2%} {images:.0f}" in words


def test_the_reliability_is_that_of_the_held_out_images(page, folder):
    confidence, accuracy, low, high, images = np.loadtxt(
        folder / "reports/plots/reliability.csv", delimiter=",", skiprows=1
    )
    assert (confidence, accuracy, images) == (pytest.approx(0.82), 0.9, 20) and low == pytest.approx(0.699, abs=1e-4)
    assert "Of the held-out images." in section(page, "reliability")
    assert "82.0% 90.0% 69.9% to 97.2% 20" in section(page, "reliability")


def test_each_members_curves_are_shown_and_a_dropped_members_are_not(page):
    words = section(page, "training")
    assert "member 0 3 2 0.5000 93.75%" in words and "member 1 3 2 0.5000 93.75%" in words and "member 2" not in words
    assert page.count("Loss and mistakes of member") == 2


def test_labels_in_doubt_come_first_and_are_marked(page):
    words = section(page, "doubts")
    assert "Of 120 out-of-fold images, 1 is probably labelled wrong" in words
    first, second = words.index("image 26 · in doubt"), words.index("image ", words.index("in doubt"))
    assert first < second and words.count("in doubt") == 1 and words.count("read as") == 6
    assert "image 4" not in words.split(), "held-out images are not out of fold"


def test_the_label_distribution_is_drawn_and_told(page, folder):
    counts = np.bincount(arrays.load_labelled(folder / "data/prepared/labelled.npz").labels)
    told = ", ".join(f"{digit}: {count} images" for digit, count in enumerate(counts))
    assert f'alt="Horizontal bars of the labels: {told}."' in page and 'alt="Pie of the labels: 0: ' in page


def test_every_setting_stands_there_with_its_value_and_meaning(page):
    words = section(page, "settings")
    settings = yaml.safe_load((graph.ROOT / "params.yaml").read_text()) | {"members": [0, 1]}
    for name, value in settings.items():
        for inner, setting in value.items() if isinstance(value, dict) else [(None, value)]:
            assert f"{name}.{inner} {setting} " in words if inner else f"{name} {setting} " in words
    assert "augment.rotate 10 degrees, 0 to 180" in words


def test_the_versions_are_those_that_each_training_wrote_down(page, fresh):
    assert "members 0, 1 keras 3.15.1, python 3.11.9, tensorflow 2.21.0 this page python" in section(page, "settings")
    folder = fresh(members=[0, 4])
    evaluated.write_training(folder, 4, versions={"python": "3.13.1", "keras": "<b>3.16</b>"})
    settings = (folder / "params.yaml").read_text().replace("members: [0] ", "members: [0, 4] ")
    (folder / "params.yaml").write_text(settings.replace("# sample: 5,000", "# <script>alert(1)</script>& 5,000"))
    other = evaluated.evaluated(folder)
    words = section(other, "settings")
    assert "member 0 keras 3.15.1, python" in words and "member 4 keras &lt;b&gt;3.16&lt;/b&gt;, python 3.13.1" in words
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in words and "<script>alert" not in other


def test_without_a_held_out_set_and_after_one_epoch_there_is_a_report(fresh):
    page = evaluated.evaluated(fresh(wrong=[7], folds=[0, 1], epochs=1))
    assert "held-out accuracy" not in page and "Here nothing was held out" in page
    assert "Of the out-of-fold images." in section(page, "reliability")
    assert "member 0 1 1 1.0000 87.50%" in section(page, "training")


def test_without_a_mistake_those_are_shown_that_came_closest_to_one(fresh):
    words = section(evaluated.evaluated(fresh()), "mistakes")
    assert (
        words.startswith("No mistake No image was taken for another digit. These came closest to it.")
        and words.count("read as") == 6
    )


def test_many_mistakes_are_cut_to_the_surest_and_so_are_cells(fresh):
    page = evaluated.evaluated(fresh(wrong=range(390), times=2))
    words = section(page, "mistakes")
    assert words.startswith("390 mistakes The 300 surest of them.") and words.count("read as") == 300
    assert page.count('<button class="wrong"') == 10 and page.count("<p>The 24 surest of them.</p>") == 10


@pytest.mark.parametrize("lost", ["member-0/validation/loss.tsv", "member-0.json"])
def test_a_training_without_curves_or_versions_is_one_line(fresh, lost):
    folder = fresh()
    (folder / "reports/training" / lost).unlink()
    with pytest.raises(InputError, match=r"reports/training/member-0.*`dvc repro` makes"):
        evaluated.evaluated(folder)
    assert not (folder / "reports/index.html").exists()


def test_curves_that_are_no_numbers_are_refused(tmp_path):
    evaluated.write_training(tmp_path, 0)
    (tmp_path / "reports/training/member-0/train/loss.tsv").write_text("step\tloss\n0\tgood\n")
    with pytest.raises(InputError, match="does not hold a training's curves"):
        training_curves.read(tmp_path / "reports/training/member-0")


WATCHED = """
import sys
sys.addaudithook(lambda event, details: print("started", event, details) if event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "socket.connect") else None)
from stages import evaluate
evaluate.main()
print(sorted({"tensorflow", "keras", "jax", "torch"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_a_report_on_the_competitions_size_is_below_8_mb_and_comes_of_one_silent_process(fresh, few_digits):
    images, labels = (np.tile(array, (210, *[1] * (array.ndim - 1))) for array in few_digits)
    random = np.random.default_rng(0)
    images = images ^ random.integers(
        0, 256, images.shape, dtype=np.uint8
    )  # noise: no picture of a digit takes more bytes
    fold = np.resize(np.array([arrays.HELD_OUT, *range(9)], np.int8), len(labels))
    probabilities = evaluated.known_predictions(labels)
    wrong = random.random(len(labels)) < 0.1
    probabilities[wrong] = random.permuted(probabilities[wrong], axis=1)
    folder = fresh()
    evaluated.fill(folder, images, labels, fold, probabilities, members=range(9))
    (folder / "params.yaml").write_text(
        (folder / "params.yaml").read_text().replace("members: [0] ", f"members: {list(range(9))} ")
    )
    environment = os.environ | {"PYTHONPATH": str(graph.ROOT)}
    ran = subprocess.run([sys.executable, "-c", WATCHED], cwd=folder, env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[]\n", "")
    page = folder / "reports/index.html"
    assert len(re.findall('<button class="wrong"', page.read_text())) >= 90 and page.stat().st_size < 8_000_000
    assert json.loads((folder / "reports/details.json").read_text())["oof_images"] == 37_800
