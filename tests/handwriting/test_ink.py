"""Ink is found in pictures of any colours and modes, and a drawing keeps its grey levels."""

import io

import numpy as np
import pytest
from pictures import draw_seven
from PIL import Image, ImageDraw, ImageOps

from digits.data import sources
from digits.errors import InputError
from digits.handwriting.ink import MAX_PIXELS, find_ink
from digits.handwriting.mnist_frame import frame


@pytest.fixture(scope="module")
def seven():
    """The framed 7 of `draw_seven`, (28, 28) int."""
    return frame(find_ink(draw_seven())).astype(int)


def difference(picture, expected):
    return np.abs(frame(find_ink(picture)) - expected)


def place_on_canvas(image, rng):
    """Enlarge a framed digit by an integer and place it on a canvas, light on dark or dark on light."""
    factor = int(rng.integers(5, 12))
    large = np.kron(image, np.ones((factor, factor), np.uint8))
    height, width = rng.integers(large.shape[0], 340, 2)
    canvas = np.zeros((height, width), np.uint8)
    top, left = rng.integers(0, height - large.shape[0] + 1), rng.integers(0, width - large.shape[1] + 1)
    canvas[top : top + large.shape[0], left : left + large.shape[1]] = large
    return Image.fromarray(255 - canvas if rng.random() < 0.5 else canvas)


def test_a_digit_of_the_sample_is_restored_from_any_canvas():
    """Only where its shorter side is even: otherwise an enlarged digit is framed half a pixel off."""
    digits = sources.load_sample()[0]
    sides = np.array([sorted(np.ptp(np.flatnonzero(digit.any(axis=axis))) + 1 for axis in (0, 1)) for digit in digits])
    restorable = digits[(sides[:, 1] == 20) & (sides[:, 0] % 2 == 0)][:100]
    rng = np.random.default_rng(0)
    worst = [difference(place_on_canvas(digit, rng), frame(digit).astype(int)).max() for digit in restorable]
    assert np.mean(np.array(worst) <= 3) >= 0.98


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((0, 0, 0), (255, 255, 255)),
        ((250, 240, 200), (20, 30, 120)),
        ((20, 60, 30), (230, 230, 220)),
        ((60, 150, 60), (214, 64, 64)),
        ((255, 255, 255), (255, 250, 60)),
        ((0, 0, 0, 0), (0, 0, 0, 255)),
        ((255, 255, 255, 0), (255, 255, 255, 255)),
    ],
    ids=["inverted", "blue on cream", "chalk", "same luminance", "highlighter", "transparent", "white on transparent"],
)
def test_colours_do_not_matter(seven, paper, ink):
    assert difference(draw_seven(paper, ink), seven).max() <= 3


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16", "CMYK", "LA", "F"])
def test_every_mode_of_pillow_is_read(seven, mode):
    grey = draw_seven().convert("L")
    picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    if mode == "F":
        picture = Image.fromarray(np.asarray(picture) - 300)
        picture.putpixel((5, 100), float("nan"))
    assert picture.mode == mode and difference(picture, seven).max() <= 3


@pytest.mark.parametrize("paper", [(255, 255, 255), (235, 225, 200), (30, 40, 50)], ids=["white", "cream", "dark"])
@pytest.mark.parametrize("edge", ["canvas", "rounded corners"])
def test_transparency_around_opaque_paper_is_not_ink(seven, paper, edge):
    page = draw_seven(paper, (20, 30, 120) if sum(paper) > 400 else (230, 230, 220))
    alpha = np.zeros((page.height + 50, page.width + 50), np.uint8)
    alpha[25:-25, 25:-25] = 255
    if edge == "rounded corners":
        rounded = Image.new("L", page.size, 0)
        ImageDraw.Draw(rounded).rounded_rectangle([0, 0, page.width - 1, page.height - 1], 25, fill=255)
        alpha[25:-25, 25:-25] = rounded
    canvas = Image.new("RGBA", alpha.shape[::-1], (0, 0, 0, 0))
    canvas.paste(page, (25, 25))
    canvas.putalpha(Image.fromarray(alpha))
    assert difference(canvas, seven).max() <= 3


def test_a_photo_is_rotated_by_its_exif_orientation():
    rotated = draw_seven().transpose(Image.Transpose.ROTATE_90)
    rotated.getexif()[0x0112] = 6  # rotate by 90 degrees clockwise
    np.testing.assert_array_equal(find_ink(rotated), find_ink(draw_seven()))


def test_invalid_exif_data_is_ignored():
    file = io.BytesIO()
    draw_seven().save(file, "PNG", exif=b"Exif\0\0no TIFF at all")
    np.testing.assert_array_equal(find_ink(Image.open(file)), find_ink(draw_seven()))


def test_a_large_picture_is_downscaled_and_looks_the_same(seven):
    large = draw_seven().resize((2400, 3200), Image.Resampling.NEAREST)
    assert find_ink(large).size <= 1.01 * MAX_PIXELS
    assert difference(large, seven).mean() < 2


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_picture_is_refused(grey):
    noise = np.random.default_rng(0).normal(grey, 6, (200, 100)).clip(0, 255).astype(np.uint8)
    for picture in (Image.new("L", (200, 100), grey), Image.fromarray(noise)):
        with pytest.raises(InputError, match="blank"):
            find_ink(picture)


def test_the_smallest_pictures_are_refused():
    for size in ((1, 1), (3, 3), (1, 500)):
        with pytest.raises(InputError, match="blank"):
            find_ink(Image.new("L", size, 255))
    picture = Image.new("L", (5, 5), 255)
    picture.putpixel((2, 2), 0)
    with pytest.raises(InputError, match="noise"):
        find_ink(picture)


@pytest.mark.parametrize("side", [28, 300])
@pytest.mark.parametrize(
    "noise",
    [
        lambda rng, shape: rng.normal(128, 40, shape).clip(0, 255),
        lambda rng, shape: rng.normal(0, 20, shape).clip(0, 255),
        lambda rng, shape: 255.0 * (rng.random(shape) > 0.05),
        lambda rng, shape: 255.0 * (rng.random(shape) > 0.5),
    ],
    ids=["grey", "cut off at 0", "specks", "black and white"],
)
def test_noise_is_never_a_digit(noise, side):
    values = noise(np.random.default_rng(side), (side, side))
    with pytest.raises(InputError, match="noise|blank"):
        find_ink(Image.fromarray(values.astype(np.uint8)))


@pytest.mark.parametrize("side", [28, 300])
@pytest.mark.parametrize("margin", [0.02, 0.3])
def test_a_filled_shape_is_never_a_digit(side, margin):
    for shape in ("rectangle", "ellipse"):
        picture = Image.new("L", (side, side), 255)
        getattr(ImageDraw.Draw(picture), shape)([margin * side, margin * side, *[(1 - margin) * side] * 2], fill=20)
        with pytest.raises(InputError, match="no digit|blank"):
            find_ink(picture)


def jpeg(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=75)
    return Image.open(file)


@pytest.mark.parametrize("number", range(5))
def test_simple_pictures_of_a_digit_look_the_same(number):
    """Of every kind that was once misread: JPEG, cut along the edges, noise cut off at 0, and a window around it."""
    digit = sources.load_sample()[0][number]
    expected = frame(digit) > 100
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    cut = Image.fromarray(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    large = cut.resize([15 * side for side in cut.size], Image.Resampling.BICUBIC)
    noise = np.random.default_rng(number).normal(0, 8, (400, 300))
    noise[60:-60, 10:-10] += np.asarray(Image.fromarray(digit).resize((280, 280)))
    window = Image.new("L", (370, 290), 255)
    window.paste(Image.fromarray(digit).resize((220, 220), Image.Resampling.NEAREST), (80, 30))
    pictures = {
        "JPEG of 28×28 pixels": jpeg(Image.fromarray(digit)),
        "20 pixels, without a border": cut,
        "the same, dark on light": ImageOps.invert(cut),
        "enlarged, without a border": large,
        "the same, dark on light, as JPEG": jpeg(ImageOps.invert(large)),
        "noise cut off at 0": Image.fromarray(noise.clip(0, 255).astype(np.uint8)),
        "window": window,
    }
    for kind, picture in pictures.items():
        ink = frame(find_ink(picture)) > 100
        shifted = [np.roll(ink, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        overlap = max((mask & expected).sum() / (mask | expected).sum() for mask in shifted)
        assert overlap > 0.7, kind
