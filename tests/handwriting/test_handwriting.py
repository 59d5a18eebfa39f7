"""Handwriting in pictures: the ink is found whatever the colours, and comes back in MNIST's frame grey by grey."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digits.data import sources
from digits.errors import InputError
from digits.handwriting.ink import MAX_SIDE, find_ink
from digits.handwriting.mnist_frame import frame


@pytest.fixture(scope="module")
def framed():
    """300 real digits in MNIST's frame, (300, 28, 28) uint8, whose size can come back.

    The frame pads the shorter side by the same amount before and behind; where that is no whole pixel, an enlarged
    image is framed half a pixel off the original.
    """
    digits = sources.sample()[0][:900]
    sides = np.array([sorted(np.ptp(np.flatnonzero(digit.any(axis=axis))) + 1 for axis in (0, 1)) for digit in digits])
    return digits[(sides[:, 1] == 20) & (sides[:, 0] % 2 == 0)][:300]


def on_canvas(image, rng):
    """Enlarge a framed digit by a whole factor and lay it somewhere on a canvas, light on dark or dark on light."""
    factor = int(rng.integers(5, 20))
    large = np.kron(image, np.ones((factor, factor), np.uint8))
    height, width = rng.integers(large.shape[0], 600, 2)
    canvas = np.zeros((height, width), np.uint8)
    top, left = rng.integers(0, height - large.shape[0] + 1), rng.integers(0, width - large.shape[1] + 1)
    canvas[top : top + large.shape[0], left : left + large.shape[1]] = large
    return Image.fromarray(255 - canvas if rng.random() < 0.5 else canvas)


def test_framed_digits_come_back_from_any_canvas(framed):
    rng = np.random.default_rng(0)
    worst = [np.abs(frame(find_ink(on_canvas(image, rng))).astype(int) - frame(image)).max() for image in framed]
    assert np.mean(np.array(worst) <= 3) >= 0.99


def drawing(paper, ink, size=(240, 320), width=20, marks=()):
    """A bent stroke, like a 7, in a colour on another, over marks: functions of a PIL.ImageDraw.Draw."""
    mode = "RGBA" if len(paper) == 4 else "RGB"
    picture = Image.new(mode, size, paper)
    for mark in marks:
        mark(ImageDraw.Draw(picture))
    ImageDraw.Draw(picture).line([(70, 60), (180, 60), (110, 250)], fill=ink, width=width, joint="curve")
    return picture


BLACK_ON_WHITE = (255, 255, 255), (0, 0, 0)


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
    ids=[
        "white on black",
        "blue on cream",
        "chalk",
        "red on green of its luminance",
        "highlighter",
        "black on transparency",
        "white on transparency",
    ],
)
def test_colours_do_not_matter(paper, ink):
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE)))
    got = frame(find_ink(drawing(paper, ink)))
    assert np.abs(got.astype(int) - wanted).max() <= 3


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16", "CMYK", "LA", "F"])
def test_every_mode_of_pillow_is_read(mode):
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE)))
    grey = drawing(*BLACK_ON_WHITE).convert("L")
    picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    assert picture.mode == mode
    assert np.abs(frame(find_ink(picture)).astype(int) - wanted).max() <= 3


@pytest.mark.parametrize("paper", [(255, 255, 255), (235, 225, 200), (30, 40, 50)], ids=["white", "cream", "dark"])
@pytest.mark.parametrize("edge", ["transparent canvas", "rounded corners", "shadow"])
def test_a_transparent_edge_around_opaque_paper_is_no_ink(paper, edge):
    ink = (20, 30, 120) if sum(paper) > 400 else (230, 230, 220)
    page = drawing(paper, ink)
    alpha = np.zeros((page.height + 80, page.width + 80), np.uint8)
    alpha[40:-40, 40:-40] = 255
    if edge == "rounded corners":
        rounded = Image.new("L", page.size, 0)
        ImageDraw.Draw(rounded).rounded_rectangle([0, 0, page.width - 1, page.height - 1], 25, fill=255)
        alpha[40:-40, 40:-40] = rounded
    if edge == "shadow":
        alpha = np.maximum(alpha, ndimage.gaussian_filter(alpha * 0.6, 12).astype(np.uint8))
    canvas = Image.new("RGBA", alpha.shape[::-1], (0, 0, 0, 0))
    canvas.paste(page, (40, 40))
    canvas.putalpha(Image.fromarray(alpha))
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE)))
    assert np.abs(frame(find_ink(canvas)).astype(int) - wanted).max() <= 3


def test_what_has_no_value_in_a_float_picture_is_paper():
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE)))
    values = np.asarray(drawing(*BLACK_ON_WHITE).convert("L"), np.float32) / 255
    values[:40, :50], values[-30:, -20:], values[100, 5] = np.nan, np.inf, -np.inf
    assert np.abs(frame(find_ink(Image.fromarray(values))).astype(int) - wanted).max() <= 3
    with pytest.raises(InputError, match="is blank"):
        find_ink(Image.fromarray(np.full((50, 50), np.nan, np.float32)))


def test_a_photo_is_turned_as_its_exif_says():
    upright = drawing(*BLACK_ON_WHITE)
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    lying.getexif()[0x0112] = 6  # to be turned by 90 degrees clockwise
    np.testing.assert_array_equal(find_ink(lying), find_ink(upright))


def test_a_large_picture_is_shrunk_and_looks_the_same():
    small = frame(find_ink(drawing(*BLACK_ON_WHITE)))
    large = drawing(*BLACK_ON_WHITE).resize((2400, 3200), Image.Resampling.NEAREST)
    ink = find_ink(large)
    assert max(ink.shape) == MAX_SIDE
    assert np.abs(frame(ink).astype(int) - small).mean() < 2


@pytest.mark.parametrize("noise", [3, 8, 15])
def test_a_noisy_photo_with_light_from_one_side_and_specks_gives_the_stroke_alone(noise):
    rng = np.random.default_rng(1)
    clean = np.asarray(drawing((210, 205, 200), (40, 40, 60)).convert("L"), float)
    shade = np.linspace(-35, 35, clean.shape[1])[None, :]
    photo = clean + shade + rng.normal(0, noise, clean.shape)
    photo[290:293, 20:23] = 90
    picture = Image.fromarray(np.clip(photo, 0, 255).astype(np.uint8))
    got = frame(find_ink(picture)).astype(int)
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE)))
    assert np.abs(got - wanted).mean() < 6
    assert got[wanted == 0].mean() < 3


def test_a_faint_stroke_on_noisy_paper_is_found_or_called_blank_but_never_turned_round():
    rng = np.random.default_rng(3)
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE))) > 128
    found = 0
    for contrast in (15, 30, 45, 60, 90):
        clean = np.asarray(drawing((200,) * 3, (200 - contrast,) * 3).convert("L"), float)
        photo = (clean + rng.normal(0, 5, clean.shape)).clip(0, 255).astype(np.uint8)
        try:
            got = frame(find_ink(Image.fromarray(photo))) > 128
        except InputError:
            assert contrast < 60
            continue
        found += 1
        assert (got & wanted).sum() > 0.7 * (got | wanted).sum()
    assert found >= 2


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_picture_is_said(grey):
    with pytest.raises(InputError, match="is blank"):
        find_ink(Image.new("L", (200, 100), grey))
    noise = np.random.default_rng(0).normal(grey, 6, (200, 100)).clip(0, 255).astype(np.uint8)
    with pytest.raises(InputError, match="is blank"):
        find_ink(Image.fromarray(noise))


def test_the_smallest_pictures_are_read_or_blank():
    for size in [(1, 1), (2, 1), (3, 3), (1, 500)]:
        picture = Image.new("L", size, 255)
        with pytest.raises(InputError, match="is blank"):
            find_ink(picture)
    picture = Image.new("L", (5, 5), 255)
    picture.putpixel((2, 2), 0)
    assert find_ink(picture).sum() == 1


def test_a_picture_whose_camera_wrote_nonsense_is_read_as_it_lies():
    picture = drawing(*BLACK_ON_WHITE)
    file = io.BytesIO()
    picture.save(file, "PNG", exif=b"Exif\0\0no TIFF at all")
    np.testing.assert_array_equal(find_ink(Image.open(file)), find_ink(picture))


def photo(*, light=1.0, marks=(), noise=3.0):
    """A thin 7 on a sheet with marks, in the given light (height, width)."""
    page = drawing((222, 216, 202), (38, 40, 77), width=7, marks=marks)
    rgb = np.asarray(page, float) * np.broadcast_to(light, page.size[::-1])[..., None]
    rgb += np.random.default_rng(4).normal(0, noise, rgb.shape[:2])[..., None]
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def overlap(got, wanted):
    """The intersection of two masks over their union, where they fit best: a pixel at a digit's end may shift its frame."""
    shifted = [np.roll(got, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return max((mask & wanted).sum() / (mask | wanted).sum() for mask in shifted)


ROW, COLUMN = np.mgrid[:320, :240].astype(float)
GREY = (110, 110, 120)


def lines(draw, colour, gap):
    for place in range(20, 320, gap):
        draw.line([(0, place), (240, place)], fill=colour, width=2)
        draw.line([(place, 0), (place, 320)], fill=colour, width=2)


PHOTOS = {
    "vignette": {"light": 1 - 0.4 * ((ROW - 160) ** 2 + (COLUMN - 120) ** 2) / 200**2},
    "hard shadow across the digit": {"light": np.where(COLUMN + 0.4 * ROW < 190, 0.5, 1.0)},
    "soft shadow over a corner": {
        "light": 1 - 0.5 * ndimage.gaussian_filter((np.hypot(ROW, COLUMN) < 70).astype(float), 12)
    },
    "desk all around": {"marks": [lambda draw: draw.rectangle([0, 0, 239, 319], outline=(92, 62, 42), width=18)]},
    "desk along an edge": {
        "marks": [lambda draw: draw.polygon([(0, 320), (0, 285), (240, 300), (240, 320)], fill=(40, 38, 42))]
    },
    "margin line": {"marks": [lambda draw: draw.line([(40, 0), (43, 320)], fill=(215, 90, 90), width=2)]},
    "squared paper": {"marks": [lambda draw: lines(draw, GREY, 25)]},
    "box": {"marks": [lambda draw: draw.rectangle([35, 25, 215, 285], outline=(60, 60, 60), width=3)]},
    "punch holes": {
        "marks": [
            lambda draw: draw.ellipse([8, 60, 28, 80], fill=(40, 40, 40)),
            lambda draw: draw.ellipse([8, 220, 28, 240], fill=(40, 40, 40)),
        ]
    },
    "crumbs": {
        "marks": [
            lambda draw: draw.rectangle([20, 30, 24, 33], fill=(50, 40, 40)),
            lambda draw: draw.rectangle([200, 200, 203, 204], fill=(50, 40, 40)),
        ]
    },
    "underline": {"marks": [lambda draw: draw.line([(50, 290), (190, 286)], fill=(38, 40, 77), width=5)]},
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_light_edges_and_marks_are_no_ink(kind):
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE, width=7))) > 100
    got = frame(find_ink(photo(**PHOTOS[kind]))) > 100
    assert overlap(got, wanted) > 0.75


def test_speckles_of_a_scan_of_one_bit_are_no_ink():
    wanted = frame(find_ink(drawing(*BLACK_ON_WHITE))) > 100
    black = np.asarray(drawing(*BLACK_ON_WHITE).convert("1")) == 0
    black ^= np.random.default_rng(5).random(black.shape) < 0.01
    got = frame(find_ink(Image.fromarray(~black))) > 100
    assert overlap(got, wanted) > 0.85


def test_paper_with_nothing_but_lines_is_refused_for_what_it_is():
    page = Image.new("RGB", (240, 320), (222, 216, 202))
    lines(ImageDraw.Draw(page), GREY, 25)
    noisy = np.asarray(page) + np.random.default_rng(6).normal(0, 3, (320, 240, 1))
    with pytest.raises(InputError, match="^shows lines, but no digit$"):
        find_ink(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))


def test_a_shadow_alone_is_refused_for_what_it_is():
    """A finger's shadow looks like a 1."""
    shade = 0.6 * np.exp(-(((COLUMN - 100 - 0.3 * ROW) / 30) ** 2)) * np.clip(ROW / 40, 0, 1)
    grey = 220 * (1 - shade) + np.random.default_rng(7).normal(0, 3, ROW.shape)
    with pytest.raises(InputError, match="^shows shadows, but no digit$"):
        find_ink(Image.fromarray(grey.clip(0, 255).astype(np.uint8)))


def test_a_small_digit_on_a_large_sheet_is_found():
    """Its ink is less than the two thousandth part of the picture."""
    page = Image.new("RGB", (1000, 750), (222, 216, 202))
    page.paste(drawing((222, 216, 202), (38, 40, 77)).resize((40, 54), Image.Resampling.BOX), (600, 200))
    noisy = np.asarray(page) + np.random.default_rng(8).normal(0, 3, (750, 1000, 1))
    got = frame(find_ink(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))) > 100
    assert overlap(got, frame(find_ink(drawing(*BLACK_ON_WHITE))) > 100) > 0.75


@pytest.mark.filterwarnings("error")
def test_negative_values_are_darker_than_zero():
    noise = np.random.default_rng(9).normal(0, 3, (320, 240))
    values = (1000 * (np.asarray(drawing(*BLACK_ON_WHITE).convert("L")) * 0.8 + 20 + noise)).astype(np.int32) - 150_000
    got = frame(find_ink(Image.fromarray(values))) > 100
    assert overlap(got, frame(find_ink(drawing(*BLACK_ON_WHITE))) > 100) > 0.85
