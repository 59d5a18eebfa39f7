"""The page computes what Python computes: the network, MNIST's frame, and both on drawings."""

import numpy as np
import pytest
from browser import STROKES, Hand
from pictures import from_data_url
from PIL import Image

from digits.data import sources
from digits.handwriting import mnist_frame
from digits.handwriting.recognizer import Recognizer

pytestmark = pytest.mark.slow

READ = """strokes => {
    change({ strokes: strokes.map((points, id) => ({ id: strokesBegun++, width: 22, points })) })
    recognize()
    return [digits.map(digit => [...digit.probabilities]), element.canvas.toDataURL()]
}"""


@pytest.fixture(scope="module")
def hand(browser, address):
    return Hand(browser, address)


@pytest.fixture(scope="module")
def recognizer(project, backend):
    from digits.model import network

    return Recognizer([network.load(project / "models/member-0.keras", width=8, dropout=0.5)])


def variants(strokes, count, rng):
    """Vary the strokes of a digit: its slant, rotation, size, proportions and every point."""
    for _ in range(count):
        slant, rotation = rng.uniform(-0.2, 0.2, 2)
        turn = [[np.cos(rotation), np.sin(rotation)], [-np.sin(rotation), np.cos(rotation)]]
        shape = rng.uniform(0.85, 1.1) * np.array(turn) @ [[1, -slant], [0, 1]] @ np.diag([rng.uniform(0.9, 1.1), 1])
        yield [((np.array(s) - 140 + rng.normal(0, 2, (len(s), 2))) @ shape.T + [210, 140]).tolist() for s in strokes]


def test_the_network_has_the_probabilities_of_keras(hand, recognizer):
    images = sources.load_sample()[2][:300]
    compute = "images => images.map(image => [...computeLayers(networks[0], image).at(-1).data])"
    computed = np.array(hand.page.evaluate(compute, images.reshape(300, 784).tolist()))
    expected = recognizer.networks[0].predict_on_batch(images.astype(np.float32))
    np.testing.assert_allclose(computed, expected, atol=0.005)
    assert (computed.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_the_frame_has_the_grey_levels_of_python(hand):
    rng = np.random.default_rng(0)
    for image in sources.load_sample()[0][:20]:
        width, height = rng.integers(15, 150, 2).tolist()
        ink = np.pad(np.asarray(Image.fromarray(image).resize((width, height))), rng.integers(0, 9, (2, 2)).tolist())
        passed = {"width": ink.shape[1], "height": ink.shape[0], "data": ink.ravel().tolist()}
        framed = np.reshape(hand.page.evaluate("ink => [...frame(ink)]", passed), (28, 28))
        np.testing.assert_allclose(framed, mnist_frame.frame(ink), atol=1)


def test_200_drawings_are_read_as_from_the_picture_on_the_canvas(hand, recognizer):
    rng = np.random.default_rng(1)
    for digit, strokes in STROKES.items():
        for drawing in variants(strokes, 20, rng):
            (probabilities,), url = hand.page.evaluate(READ, drawing)
            expected = recognizer.predict(from_data_url(url))[0]
            assert np.argmax(probabilities) == expected.digit, digit
            np.testing.assert_allclose(probabilities, expected.probabilities, atol=0.01)


@pytest.mark.parametrize("brush", [22, 44], ids=["default brush", "thickest brush"])
def test_small_and_fat_digits_are_read(hand, brush):
    read = {}
    for digit, strokes in STROKES.items():
        points = np.concatenate(strokes)
        for fraction in (0.6, 0.35, 0.25):
            scale = fraction * 280 / np.ptp(points[:, 1])
            drawing = [(scale * (np.array(stroke) - points.min(axis=0)) + 30).tolist() for stroke in strokes]
            script = READ.replace("width: 22", f"width: {brush}")
            read[digit, fraction] = int(np.argmax(hand.page.evaluate(script, drawing)[0][0]))
    wrong = {case: digit for case, digit in read.items() if case[0] != digit}
    assert len(wrong) <= 1, wrong  # of 30
