"""Fixtures: a report for known predictions, and folders with what evaluate reads."""

import evaluated
import numpy as np
import pytest

from digits import arrays

FOLD = np.repeat(np.array([arrays.HELD_OUT, 0, 1, 2], np.int8), [20, 60, 60, 60])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, few_digits):
    """A report on 20 held-out and 120 out-of-fold images by members 0 and 1; fold 2 has no member.

    Image 4 is a 3 predicted as 4 with 82 %, image 12 a 1 predicted as 2. Image 26 is mislabelled: a 5, predicted as 5
    with 100 %, with the label 9. Member 2 is no longer listed, and its files are still there.
    """
    folder = tmp_path_factory.mktemp("report")
    images, labels = few_digits
    probabilities = evaluated.make_probabilities(labels, wrong=(3, 11))
    probabilities[25] = np.eye(10)[5]
    labels = np.where(np.arange(200) == 25, 9, labels).astype(np.uint8)
    evaluated.fill(folder, images, labels, FOLD, probabilities, members=[0, 1, 2])
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace("- 2\n", "").replace("split:", "split:  # of the images"))
    evaluated.evaluate_in(folder)
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "reports/index.html").read_text(encoding="utf-8")


@pytest.fixture
def fill(tmp_path, few_digits):
    """Fill another folder with the 200 digits `times` over: `fill(wrong=[3])` with that image misclassified."""

    def fill(wrong=(), times=1, fold=FOLD, **options):
        images, labels = (np.concatenate([array] * times) for array in few_digits)
        probabilities = evaluated.make_probabilities(labels, wrong)
        evaluated.fill(tmp_path, images, labels, np.repeat(fold, times), probabilities, **options)
        return tmp_path

    return fill
