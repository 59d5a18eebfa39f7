"""Handwriting in pictures: the ink is found whatever the colours, and comes back in MNIST's frame grey by grey."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digits import handwriting, sources
from digits.errors import InputError
from digits.mnist_frame import frame


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
    worst = [
        np.abs(frame(handwriting.find_ink(on_canvas(image, rng))).astype(int) - frame(image)).max() for image in framed
    ]
    assert np.mean(np.array(worst) <= 3) >= 0.99


def drawing(paper, ink, size=(240, 320), width=20):
    """A bent stroke, like a 7, in a colour on another."""
    mode = "RGBA" if len(paper) == 4 else "RGB"
    picture = Image.new(mode, size, paper)
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
    ids=["white on black", "blue on cream", "chalk", "red on green of its luminance", "highlighter", "black on transparency", "white on transparency"],
)
def test_colours_do_not_matter(paper, ink):
    wanted = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE)))
    got = frame(handwriting.find_ink(drawing(paper, ink)))
    assert np.abs(got.astype(int) - wanted).max() <= 3


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16", "CMYK", "LA", "F"])
def test_every_mode_of_pillow_is_read(mode):
    wanted = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE)))
    grey = drawing(*BLACK_ON_WHITE).convert("L")
    picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    assert picture.mode == mode
    assert np.abs(frame(handwriting.find_ink(picture)).astype(int) - wanted).max() <= 3


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
    wanted = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE)))
    assert np.abs(frame(handwriting.find_ink(canvas)).astype(int) - wanted).max() <= 3


def test_what_has_no_value_in_a_float_picture_is_paper():
    wanted = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE)))
    values = np.asarray(drawing(*BLACK_ON_WHITE).convert("L"), np.float32) / 255
    values[:40, :50], values[-30:, -20:], values[100, 5] = np.nan, np.inf, -np.inf
    assert np.abs(frame(handwriting.find_ink(Image.fromarray(values))).astype(int) - wanted).max() <= 3
    with pytest.raises(InputError, match="is blank"):
        handwriting.find_ink(Image.fromarray(np.full((50, 50), np.nan, np.float32)))


def test_a_photo_is_turned_as_its_exif_says():
    upright = drawing(*BLACK_ON_WHITE)
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    lying.getexif()[0x0112] = 6  # to be turned by 90 degrees clockwise
    np.testing.assert_array_equal(handwriting.find_ink(lying), handwriting.find_ink(upright))


def test_a_large_picture_is_shrunk_and_looks_the_same():
    small = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE)))
    large = drawing(*BLACK_ON_WHITE).resize((2400, 3200), Image.Resampling.NEAREST)
    ink = handwriting.find_ink(large)
    assert max(ink.shape) == handwriting.LONGEST_SIDE
    assert np.abs(frame(ink).astype(int) - small).mean() < 2


@pytest.mark.parametrize("noise", [3, 8, 15])
def test_a_noisy_photo_with_light_from_one_side_and_specks_gives_the_stroke_alone(noise):
    rng = np.random.default_rng(1)
    clean = np.asarray(drawing((210, 205, 200), (40, 40, 60)).convert("L"), float)
    shade = np.linspace(-35, 35, clean.shape[1])[None, :]
    photo = clean + shade + rng.normal(0, noise, clean.shape)
    photo[290:293, 20:23] = 90
    picture = Image.fromarray(np.clip(photo, 0, 255).astype(np.uint8))
    got = frame(handwriting.find_ink(picture)).astype(int)
    wanted = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE)))
    assert np.abs(got - wanted).mean() < 6
    assert got[wanted == 0].mean() < 3


def test_a_faint_stroke_on_noisy_paper_is_found_or_called_blank_but_never_turned_round():
    rng = np.random.default_rng(3)
    wanted = frame(handwriting.find_ink(drawing(*BLACK_ON_WHITE))) > 128
    found = 0
    for contrast in (15, 30, 45, 60, 90):
        clean = np.asarray(drawing((200,) * 3, (200 - contrast,) * 3).convert("L"), float)
        photo = (clean + rng.normal(0, 5, clean.shape)).clip(0, 255).astype(np.uint8)
        try:
            got = frame(handwriting.find_ink(Image.fromarray(photo))) > 128
        except InputError:
            assert contrast < 60
            continue
        found += 1
        assert (got & wanted).sum() > 0.7 * (got | wanted).sum()
    assert found >= 2


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_picture_is_said(grey):
    with pytest.raises(InputError, match="is blank"):
        handwriting.find_ink(Image.new("L", (200, 100), grey))
    noise = np.random.default_rng(0).normal(grey, 6, (200, 100)).clip(0, 255).astype(np.uint8)
    with pytest.raises(InputError, match="is blank"):
        handwriting.find_ink(Image.fromarray(noise))


def test_the_smallest_pictures_are_read_or_blank():
    for size in [(1, 1), (2, 1), (3, 3), (1, 500)]:
        picture = Image.new("L", size, 255)
        with pytest.raises(InputError, match="is blank"):
            handwriting.find_ink(picture)
    picture = Image.new("L", (5, 5), 255)
    picture.putpixel((2, 2), 0)
    assert handwriting.find_ink(picture).sum() == 1


def test_a_number_is_cut_into_its_digits_from_left_to_right(framed):
    rng = np.random.default_rng(2)
    whole = framed[[len(handwriting.split_number(digit / 255.0)) == 1 for digit in framed]]
    assert len(whole) > 0.9 * len(framed)
    for _ in range(30):
        chosen = rng.integers(0, len(whole), 4)
        row = np.zeros((150, 4 * 130), np.uint8)
        for place, digit in enumerate(whole[chosen]):
            large = np.kron(digit, np.ones((4, 4), np.uint8))
            top = rng.integers(0, 150 - 112)
            row[top : top + 112, place * 130 : place * 130 + 112] = large
        pieces = handwriting.split_number(handwriting.find_ink(Image.fromarray(row)))
        assert len(pieces) == 4
        for piece, digit in zip(pieces, whole[chosen], strict=True):
            assert np.abs(frame(piece).astype(int) - frame(digit)).max() <= 3


def test_the_detached_bar_of_a_5_belongs_to_it_and_touching_digits_are_cut():
    picture = Image.new("L", (300, 200), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([(60, 40), (110, 40)], fill=0, width=10)  # the bar
    draw.line([(60, 60), (60, 100), (100, 120), (90, 160), (50, 165)], fill=0, width=10, joint="curve")
    draw.line([(200, 40), (200, 160)], fill=0, width=10)
    assert len(handwriting.split_number(handwriting.find_ink(picture))) == 2

    touching = Image.new("L", (300, 200), 255)
    draw = ImageDraw.Draw(touching)
    draw.ellipse([40, 50, 120, 150], outline=0, width=12)
    draw.ellipse([115, 50, 195, 150], outline=0, width=12)
    assert len(handwriting.split_number(handwriting.find_ink(touching))) == 2


def test_a_pattern_is_no_number():
    """Each mark would cost the network's time: a row of thirty is read, more are refused, at once."""
    row = np.full((60, 1000), 255, np.uint8)
    row[10:50, 10:610:20] = 0
    assert len(handwriting.split_number(handwriting.find_ink(Image.fromarray(row)))) == 30
    row[10:50, 610:980:20] = 0
    with pytest.raises(InputError, match="^shows more than 30 digits beside one another$"):
        handwriting.split_number(handwriting.find_ink(Image.fromarray(row)))
    line = np.full((60, 1000), 255, np.uint8)
    line[30] = 0
    line[:, [0, 999]] = 255
    with pytest.raises(InputError, match="more than 30"):
        handwriting.split_number(handwriting.find_ink(Image.fromarray(line)))
    dots = np.full((100, 100), 255, np.uint8)
    dots[2:98:2, 2:98:2] = 0
    with pytest.raises(InputError, match="^shows 2,304 marks"):
        handwriting.split_number(handwriting.find_ink(Image.fromarray(dots)))


def test_a_picture_whose_camera_wrote_nonsense_is_read_as_it_lies():
    picture = drawing(*BLACK_ON_WHITE)
    file = io.BytesIO()
    picture.save(file, "PNG", exif=b"Exif\0\0no TIFF at all")
    np.testing.assert_array_equal(handwriting.find_ink(Image.open(file)), handwriting.find_ink(picture))
