"""Fixtures: a report for known predictions, and folders with what evaluate reads."""

import evaluated
import numpy as np
import pytest

from digits import arrays


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
