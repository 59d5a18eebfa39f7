"""Find the handwriting in a picture: ink of any colour on paper of any colour, without marks that are not digits."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy import ndimage

from digits.errors import InputError
from digits.handwriting import lines, marks, paper, two_tone
from digits.handwriting.strokes import MIN_CONTRAST, Strokes

MAX_PIXELS = 400 * 300  # larger pictures are downscaled first
TINY = 100  # pixels, the longer side of a picture that has room for a digit only
HIGH_DEPTH_MODES = "I", "I;16", "I;16L", "I;16B", "F"  # more than eight bits a pixel
GREY_MODES = "1", "L", "LA", *HIGH_DEPTH_MODES
MIN_CENTRE, MIN_DRAWN_CENTRE = 0.6, 0.2  # contrast of the strongest pixel of a mark in a photo, in a drawing
MIN_PARTS, MAX_PARTS = 8, 0.4  # marks and holes: so many are always allowed; for each pixel of the longer side
MIN_SIZE, MIN_DIGIT = 5, 0.03  # of the largest mark: pixels; fraction of the longer side
MAX_COVERED, MAX_BORDER = 0.77, 0.4  # fractions that are ink: of a digit's box, of the picture's border
MIN_GREY_LEVELS = 60  # between ink and paper; with fewer, the colour may separate them better


def find_ink(picture: Image.Image) -> NDArray[np.float32]:
    """Separate the ink in a picture from the paper.

    In a picture of two tones, and in any tiny one, a threshold finds the ink, see `digits.handwriting.two_tone`. In
    other photos and scans, pixels that are darker (or lighter) than the paper around them are ink, see
    `digits.handwriting.paper`. If ink and paper have nearly the same lightness, their colours are compared. Marks that
    are not digits are removed, see `digits.handwriting.marks`.

    Args:
        picture: any mode and size; dark or light ink on opaque paper or transparency.

    Returns:
        (height, width) float32: 0 for paper, up to 1 for the strongest ink. The size is that of the sheet.

    Raises:
        InputError: there is no ink, neither in the lightness nor in the colours (Cb and Cr), there are only ruled
            lines, shadows or noise, or the ink covers most of the picture.
    """
    picture = _downscale(_rotate_upright(picture))
    strokes = _find_strokes(_to_grey(picture))
    if (strokes is None or strokes.grey_levels < MIN_GREY_LEVELS) and picture.mode not in GREY_MODES:
        candidates = [strokes, *map(_find_strokes, _split_colours(picture))]
        strokes = max(candidates, key=lambda found: found.grey_levels if found else 0)
    if strokes is None:
        raise InputError("is blank")
    ink = strokes.ink() if max(picture.size) <= TINY else _remove_marks(strokes)
    _refuse_patterns(ink > 0.5)
    return ink


def _downscale(picture):
    factor = (picture.width * picture.height / MAX_PIXELS) ** 0.5
    if factor <= 1:
        return picture
    if picture.mode in ("1", "P"):  # Pillow does not average these
        picture = picture.convert("L" if picture.mode == "1" else "RGBA")
    size = [max(1, round(side / factor)) for side in picture.size]
    return picture.resize(size, Image.Resampling.BOX)


def _find_strokes(grey) -> Strokes | None:
    if max(grey.shape) <= TINY:
        return two_tone.find_strokes(grey, tiny=True)
    grey = two_tone.crop_to_sheet(grey)
    return two_tone.find_strokes(grey) or paper.find_strokes(grey)


def _split_colours(picture):
    """Split a picture into its colours, Cb and Cr of the JPEG standard: a list of two arrays (height, width)."""
    alpha = picture.convert("RGBA").getchannel("A")
    channels = picture.convert("RGB").convert("YCbCr").split()[1:]
    return [_to_grey(Image.merge("LA", (channel, alpha))) for channel in channels]


def _remove_marks(strokes: Strokes) -> NDArray[np.float32]:
    """Keep only the strokes of digits: ink (height, width) float32, as `find_ink` returns it."""
    marked = strokes.contrast > np.maximum(3 * strokes.noise, 0.15)
    lost_light, covered = lines.remove_lines(np.minimum(strokes.contrast * strokes.lost_light, 1), marked)
    contrast = lost_light / strokes.lost_light
    visible = np.where(strokes.mask & (contrast > strokes.min_contrast), contrast, 0)
    labels, count = ndimage.label(visible)
    strongest = ndimage.maximum(visible, labels, np.arange(count + 1))
    mask = (labels > 0) & (strongest > (MIN_DRAWN_CENTRE if strokes.is_drawing else MIN_CENTRE))[labels]
    mask = lines.close_gaps(mask, covered, strokes.mask)
    contrast = np.where(mask & covered, strokes.contrast, contrast)
    if not mask.any():
        raise InputError("contains lines but no digit")
    if not strokes.is_drawing:
        mask = marks.remove_shadows(contrast, mask)
    if not mask.any():
        raise InputError("contains shadows but no digit")
    min_mark = marks.MIN_DRAWN_MARK if strokes.is_drawing else marks.MIN_MARK
    return np.where(marks.select_digit_strokes(mask, min_mark), strokes._replace(contrast=contrast).ink(), 0)


def _refuse_patterns(mask: NDArray[np.bool_]) -> None:
    """Refuse a mask (height, width) of ink that cannot be handwriting.

    Raises:
        InputError: it has many parts for its size or only dots, or the ink covers most of its box or of the border.
    """
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    side, parts = max(mask.shape), count + ndimage.label(~mask)[1]
    size = marks.sizes(labels).max(initial=0)
    if parts > max(MIN_PARTS, MAX_PARTS * side) or size < max(MIN_SIZE, MIN_DIGIT * side):
        raise InputError("contains noise but no digit")
    height, width = (np.ptp(np.flatnonzero(mask.any(axis=axis))) + 1 for axis in (1, 0))
    covers = mask.sum() > MAX_COVERED * height * width or two_tone.border(mask).mean() > MAX_BORDER
    if height < 2 * width and covers:  # a 1 is narrow and covers more
        raise InputError("contains a filled shape but no digit")


def _to_grey(picture: Image.Image) -> NDArray[np.float32]:
    """Convert a picture to grey levels (height, width), 0–255.

    Transparent pixels get the grey level of the opaque paper. If only the ink is opaque, they become white behind dark
    ink and black behind light ink.
    """
    if picture.mode in HIGH_DEPTH_MODES:
        values = np.asarray(picture, np.float64)
        finite = np.isfinite(values)
        values = np.where(finite, values, np.median(values[finite]) if finite.any() else 0)  # NaN is paper
        values -= min(values.min(), 0)
        return np.asarray(values * (255 / max(values.max(), 1)), np.float32)
    picture = picture.convert("RGBA")
    grey = np.asarray(picture.convert("L"), np.float32)
    opacity = np.asarray(picture.getchannel("A"), np.float32) / 255
    if opacity.min() == 1:
        return grey
    opaque = opacity > 0.98
    if opaque.any():
        level = np.median(grey[opaque])
        if (np.abs(grey[opaque] - level) > 2 * MIN_CONTRAST).mean() > 0.002:  # contains both paper and ink
            return np.where(opaque, grey, level).astype(np.float32)
    mean = (grey * opacity).sum() / max(opacity.sum(), 1e-9)
    background = 255 if mean < 128 else 0
    return (grey * opacity + background * (1 - opacity)).astype(np.float32)


def _rotate_upright(picture):
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow raises many types for damaged EXIF data, with which the picture may still be valid
        return picture
