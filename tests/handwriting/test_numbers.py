"""Numbers are cut into their digits; a nearest-neighbours classifier of the sample's digits stands for the network."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.neighbors import KNeighborsClassifier

from benchmarks import numbers as benchmark
from digits.data import sources
from digits.errors import InputError
from digits.handwriting import numbers
from digits.handwriting.ink import find_ink


@pytest.fixture(scope="module")
def digits():
    """A function from images (N, 28, 28) to probabilities (N, 10), and images and labels that it has not seen."""
    images, labels, unseen, unseen_labels = sources.sample()
    neighbours = KNeighborsClassifier(8, weights="distance").fit(images.reshape(len(images), -1) / 255, labels)
    return (
        lambda parts: neighbours.predict_proba(parts.reshape(len(parts), -1) / 255).astype(np.float32),
        unseen,
        unseen_labels,
    )


def read(picture, classify):
    images, probabilities = numbers.split(find_ink(picture), classify)
    assert len(images) == len(probabilities)
    return "".join(map(str, probabilities.argmax(axis=1)))


@pytest.mark.parametrize(
    ("kind", "at_least"), [("apart", 15), ("photographed", 13), ("underlined", 13), ("squared_paper", 13)]
)
def test_a_row_is_cut_between_its_digits(digits, kind, at_least):
    """How often the number of digits is right, of 20: the classifier itself misreads one digit in twenty."""
    classify, images, _ = digits
    right = 0
    for number in range(20):
        rng = np.random.default_rng([3, number])
        chosen = rng.integers(0, len(images), rng.integers(2, 8))
        right += len(read(getattr(benchmark, kind)(images[chosen], rng), classify)) == len(chosen)
    assert right >= at_least


def test_a_single_digit_is_hardly_ever_cut(digits):
    classify, images, _ = digits
    pictures = [
        Image.fromarray(np.pad(255 - image, 28, constant_values=255)).resize((336, 336), Image.Resampling.NEAREST)
        for image in images[:150]
    ]
    assert sum(len(read(picture, classify)) > 1 for picture in pictures) <= 10


def test_a_digit_that_stands_alone_comes_back_as_it_is(digits):
    classify, images, _ = digits
    row = np.hstack([255 - images[i] for i in (3, 4)]).repeat(4, axis=0).repeat(4, axis=1)
    cut, _ = numbers.split(find_ink(Image.fromarray(row)), classify)
    assert len(cut) == 2
    for image, original in zip(cut, images[[3, 4]], strict=True):
        assert np.abs(image.astype(int) - original).mean() < 8


def test_several_rows_are_refused(digits):
    classify, images, _ = digits
    for size in (2, 4, 9):
        rng = np.random.default_rng(size)
        with pytest.raises(InputError, match="several rows of digits"):
            read(benchmark.two_rows(images[:size], rng), classify)


def test_the_circles_of_an_8_are_no_rows(digits):
    picture = Image.new("L", (240, 320), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse([80, 40, 160, 150], outline=0, width=14)
    draw.ellipse([70, 153, 170, 280], outline=0, width=14)
    assert len(read(picture, digits[0])) == 1


def test_digits_that_stand_apart_are_counted_without_a_network():
    picture = Image.new("L", (300, 200), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([(60, 40), (110, 40)], fill=0, width=10)  # the bar of a 5
    draw.line([(60, 60), (60, 100), (100, 120), (90, 160), (50, 165)], fill=0, width=10, joint="curve")
    draw.line([(200, 40), (200, 160)], fill=0, width=10)
    assert numbers.count(find_ink(picture)) == 2


def test_a_pattern_is_no_number(digits):
    """Each mark would cost the network's time: a row of thirty is read, more are refused, at once."""
    row = np.full((60, 1000), 255, np.uint8)
    row[10:50, 10:610:20] = 0
    assert len(read(Image.fromarray(row), digits[0])) <= 30
    row[10:50, 10:980:8] = 0
    with pytest.raises(InputError, match="^shows more than 30 digits beside one another$"):
        read(Image.fromarray(row), digits[0])
    dots = np.full((100, 100), 255, np.uint8)
    dots[2:98:2, 2:98:2] = 0
    with pytest.raises(InputError, match="^shows 2,304 marks"):
        read(Image.fromarray(dots), digits[0])
