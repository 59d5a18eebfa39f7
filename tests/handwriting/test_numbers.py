"""Numbers are split into their digits; a nearest-neighbour classifier of the sample replaces the network."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks import numbers as benchmark
from digits.data import sources
from digits.errors import InputError
from digits.handwriting import numbers
from digits.handwriting.ink import find_ink


@pytest.fixture(scope="module")
def images():
    """1,500 digits (N, 28, 28) uint8 that `classify` was not fitted on."""
    return sources.load_sample()[2]


@pytest.fixture(scope="module")
def classify():
    """A function of images (N, 28, 28) that returns probabilities (N, 10)."""
    from sklearn.neighbors import KNeighborsClassifier

    images, labels, *_ = sources.load_sample()
    model = KNeighborsClassifier(8, weights="distance").fit(images.reshape(len(images), -1) / 255, labels)
    return lambda images: model.predict_proba(images.reshape(len(images), -1) / 255).astype(np.float32)


def split(picture, classify):
    images, probabilities = numbers.split(find_ink(picture), classify)
    assert len(images) == len(probabilities)
    return images


def enlarge(image, factor):
    return Image.fromarray(np.kron(255 - image, np.ones((factor, factor), np.uint8)))


KINDS = {"apart": 5, "photographed": 4, "underlined": 4, "squared_paper": 4}


@pytest.mark.parametrize(("kind", "at_least"), KINDS.items(), ids=KINDS)
def test_six_numbers_are_split_between_their_digits(images, classify, kind, at_least):
    """The classifier is less accurate than the network: it misclassifies one digit in twenty."""
    correct = 0
    for number in range(6):
        rng = np.random.default_rng([3, number])
        chosen = rng.integers(0, len(images), rng.integers(2, 8))
        correct += len(split(getattr(benchmark, kind)(images[chosen], rng), classify)) == len(chosen)
    assert correct >= at_least


def test_single_digits_are_rarely_split(images, classify):
    pictures = [enlarge(np.pad(image, 28), 4) for image in images[:20]]
    assert sum(len(split(picture, classify)) > 1 for picture in pictures) <= 1


def test_a_separate_digit_stays_unchanged(images, classify):
    digits = split(enlarge(np.hstack(images[[3, 4]]), 4), classify)
    assert len(digits) == 2
    for digit, original in zip(digits, images[[3, 4]], strict=True):
        assert np.abs(digit.astype(int) - original).mean() < 8


@pytest.mark.parametrize("count", [2, 4, 9])
def test_several_rows_are_refused(images, classify, count):
    picture = benchmark.two_rows(images[:count], np.random.default_rng(count))
    with pytest.raises(InputError, match="several rows"):
        split(picture, classify)


def test_the_circles_of_an_8_are_one_digit(classify):
    picture = Image.new("L", (240, 320), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse([80, 40, 160, 150], outline=0, width=14)
    draw.ellipse([70, 153, 170, 280], outline=0, width=14)
    assert len(split(picture, classify)) == 1


def test_a_pattern_is_refused_before_it_is_classified(classify):
    """Each mark takes time to classify: a row of thirty is read, a longer one is refused."""
    row = np.full((60, 1000), 255, np.uint8)
    row[10:50, 10:610:20] = 0
    assert len(split(Image.fromarray(row), classify)) <= 30
    row[10:50, 10:980:8] = 0
    with pytest.raises(InputError, match="more than 30 digits"):
        split(Image.fromarray(row), pytest.fail)
    dots = np.pad(np.kron(np.ones((40, 40)), [[1, 0], [0, 0]]), 2).astype(np.float32)
    with pytest.raises(InputError, match="1,600"):
        numbers.split(dots, classify)
