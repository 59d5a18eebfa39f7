"""Ink is found in photos and scans; light, edges of the paper and other marks are not ink."""

import numpy as np
import pytest
from pictures import draw_seven
from PIL import Image, ImageDraw
from scipy import ndimage

from digits.errors import InputError
from digits.handwriting.ink import find_ink
from digits.handwriting.mnist_frame import frame

PAPER, INK, GREY = (222, 216, 202), (38, 40, 77), (110, 110, 120)
ROW, COLUMN = np.mgrid[:320, :240].astype(float)


def add_noise(picture, seed, deviation=3.0, light=1.0):
    """Take a photo in the given light (height, width), with noise."""
    values = np.asarray(picture, float)
    values = (values.T * np.broadcast_to(light, picture.size[::-1]).T).T
    noise = np.random.default_rng(seed).normal(0, deviation, values.shape[:2])
    return Image.fromarray((values.T + noise.T).T.clip(0, 255).astype(np.uint8))


def overlap(picture, width=20):
    """Compare with the 7 of `draw_seven`: the intersection over union (IoU) of the framed ink.

    The best of all shifts by one pixel, since a pixel at the end of a stroke may shift the frame.
    """
    expected, ink = (frame(find_ink(each)) > 100 for each in (draw_seven(width=width), picture))
    shifted = [np.roll(ink, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return max((mask & expected).sum() / (mask | expected).sum() for mask in shifted)


def draw_grid(draw):
    for place in range(20, 320, 25):
        draw.line([(0, place), (240, place)], fill=GREY, width=2)
        draw.line([(place, 0), (place, 320)], fill=GREY, width=2)


LIGHTS = {
    "vignette": 1 - 0.4 * ((ROW - 160) ** 2 + (COLUMN - 120) ** 2) / 200**2,
    "hard shadow across the digit": np.where(COLUMN + 0.4 * ROW < 190, 0.5, 1.0),
    "soft shadow": 1 - 0.5 * ndimage.gaussian_filter((np.hypot(ROW, COLUMN) < 70).astype(float), 12),
}
MARKS = {
    "desk all around": [lambda draw: draw.rectangle([0, 0, 239, 319], outline=(92, 62, 42), width=18)],
    "desk along an edge": [lambda draw: draw.polygon([(0, 320), (0, 285), (240, 300), (240, 320)], fill=(40, 38, 42))],
    "margin line": [lambda draw: draw.line([(40, 0), (43, 320)], fill=(215, 90, 90), width=2)],
    "squared paper": [draw_grid],
    "box": [lambda draw: draw.rectangle([35, 25, 215, 285], outline=(60, 60, 60), width=3)],
    "punch holes": [
        lambda draw: draw.ellipse([8, 60, 28, 80], fill=(40, 40, 40)),
        lambda draw: draw.ellipse([8, 220, 28, 240], fill=(40, 40, 40)),
    ],
    "crumbs": [
        lambda draw: draw.rectangle([20, 30, 24, 33], fill=(50, 40, 40)),
        lambda draw: draw.rectangle([200, 200, 203, 204], fill=(50, 40, 40)),
    ],
    "underline": [lambda draw: draw.line([(50, 290), (190, 286)], fill=INK, width=5)],
}


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_uneven_light_is_not_ink(light):
    assert overlap(add_noise(draw_seven(PAPER, INK, width=7), 4, light=light), width=7) > 0.75


@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
def test_marks_that_are_not_digits_are_not_ink(marks):
    assert overlap(add_noise(draw_seven(PAPER, INK, width=7, marks=marks), 4), width=7) > 0.75


def test_specks_of_a_binary_scan_are_not_ink():
    black = np.asarray(draw_seven().convert("1")) == 0
    black ^= np.random.default_rng(5).random(black.shape) < 0.01
    assert overlap(Image.fromarray(~black)) > 0.85


def test_a_small_digit_on_a_large_sheet_is_found():
    """Its ink is less than 0.05 % of the picture."""
    sheet = Image.new("RGB", (1000, 750), PAPER)
    sheet.paste(draw_seven(PAPER, INK).resize((40, 54), Image.Resampling.BOX), (600, 200))
    assert overlap(add_noise(sheet, 8)) > 0.6


def test_ruled_lines_alone_are_refused():
    sheet = Image.new("RGB", (240, 320), PAPER)
    draw_grid(ImageDraw.Draw(sheet))
    with pytest.raises(InputError, match="lines"):
        find_ink(add_noise(sheet, 6))


def test_a_shadow_alone_is_refused():
    """The shadow of a finger looks like a 1."""
    shadow = 0.6 * np.exp(-(((COLUMN - 100 - 0.3 * ROW) / 30) ** 2)) * np.clip(ROW / 40, 0, 1)
    with pytest.raises(InputError, match="shadows"):
        find_ink(add_noise(Image.new("L", (240, 320), 220), 7, light=1 - shadow))
