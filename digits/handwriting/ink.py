"""Find the handwriting in a picture: ink of any colour on paper of any colour, without marks that are not digits."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import filters

from digits.errors import InputError
from digits.handwriting import lines, marks, paper

MAX_SIDE = 1000  # pixels; larger pictures are downscaled first
HIGH_DEPTH_MODES = "I", "I;16", "I;16L", "I;16B", "F"  # more than eight bits a pixel
GREY_MODES = "1", "L", "LA", *HIGH_DEPTH_MODES
MIN_GREY_LEVELS = 60  # between ink and paper; with fewer, the colour may separate them better
_BORDER = 0.04  # fraction of the shorter side; the border of a drawing is assumed to be paper


class BlankPictureError(InputError):
    """The picture contains no ink."""


def find_ink(picture: Image.Image) -> NDArray[np.float32]:
    """Separate the ink in a picture from the paper.

    A drawing, whose paper has a uniform grey level without noise, keeps its grey levels. In a photo or a scan, pixels
    that are darker (or lighter) than the surrounding paper are ink, see `digits.handwriting.paper`. If ink and paper
    have nearly the same lightness, their colours are compared. Marks that are not digits are removed, see
    `digits.handwriting.marks`.

    Args:
        picture: any mode and size; dark or light ink on opaque paper or transparency.

    Returns:
        (height, width) float32: 0 for paper, up to 1 for the strongest ink.

    Raises:
        BlankPictureError: there is no ink, neither in the lightness nor in the colours (Cb and Cr).
        InputError: there are only ruled lines or shadows.
    """
    picture = _rotate_upright(picture)
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    grey = _to_grey(picture)
    ink = _find_drawing(grey)
    if ink is not None:
        return ink
    strokes = paper.find_strokes(grey)
    if (strokes is None or strokes.grey_levels < MIN_GREY_LEVELS) and picture.mode not in GREY_MODES:
        channels = _split_colours(picture)
        for channel in channels:
            ink = _find_drawing(channel)
            if ink is not None:
                return ink
        candidates = [strokes, *map(paper.find_strokes, channels)]
        strokes = max(candidates, key=lambda found: found.grey_levels if found else 0)
    if strokes is None:
        raise BlankPictureError("is blank")
    return _remove_marks(strokes)


def _split_colours(picture):
    """Split a picture into its colours, Cb and Cr of the JPEG standard: a list of two arrays (height, width)."""
    alpha = picture.convert("RGBA").getchannel("A")
    channels = picture.convert("RGB").convert("YCbCr").split()[1:]
    return [_to_grey(Image.merge("LA", (channel, alpha))) for channel in channels]


def _remove_marks(strokes: paper.Strokes) -> NDArray[np.float32]:
    """Keep only the strokes of digits: ink (height, width) float32, as `find_ink` returns it."""
    contrast, covered = strokes.remove_lines()
    visible = np.where(strokes.mask & (contrast > strokes.min_contrast), contrast, 0)
    mask = filters.apply_hysteresis_threshold(visible, 1e-9, 0.6 * strokes.typical_contrast)
    mask = lines.close_gaps(mask, covered, strokes.mask)
    contrast = np.where(mask & covered, strokes.contrast, contrast)
    if not mask.any():
        raise InputError("contains lines but no digit")
    mask = marks.remove_shadows(contrast, mask)
    if not mask.any():
        raise InputError("contains shadows but no digit")
    scale = np.maximum(0.75 * strokes.typical_contrast - strokes.min_contrast, 0.1 * strokes.typical_contrast)
    ink = np.clip((contrast - strokes.min_contrast) / scale, 0, 1)
    return np.where(marks.select_digit_strokes(mask), ink, 0).astype(np.float32)


def _find_drawing(grey: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Find the ink of a drawing, whose border has one grey level without noise; None for a photo or a blank picture."""
    thickness = max(1, round(_BORDER * min(grey.shape)))
    border = np.ones(grey.shape, bool)
    border[thickness:-thickness, thickness:-thickness] = False
    level = np.median(grey[border])
    if 1.4826 * np.median(np.abs(grey[border] - level)) >= 0.5:
        return None
    difference = grey - level
    is_paper = np.abs(difference) < paper.MIN_CONTRAST
    if is_paper.mean() < 0.5 or np.mean(np.abs(difference[is_paper]) < 0.5) < 0.9:
        return None
    ink = difference if difference[difference > 0].sum() >= -difference[difference < 0].sum() else -difference
    strongest = ink.max()
    if strongest < paper.MIN_CONTRAST:
        return None
    ink = np.clip(ink / strongest, 0, 1)
    mask = filters.apply_hysteresis_threshold(ink, 0, 0.2)
    return np.where(marks.select_digit_strokes(mask, marks.MIN_DRAWN_MARK), ink, 0).astype(np.float32)


def _to_grey(picture: Image.Image) -> NDArray[np.float64]:
    """Convert a picture to grey levels (height, width), 0–255.

    Transparent pixels get the grey level of the opaque paper. If only the ink is opaque, they become white behind dark
    ink and black behind light ink.
    """
    if picture.mode in HIGH_DEPTH_MODES:
        values = np.asarray(picture, np.float64)
        finite = np.isfinite(values)
        values = np.where(finite, values, np.median(values[finite]) if finite.any() else 0)  # NaN is paper
        values -= min(values.min(), 0)
        return values * (255 / max(values.max(), 1))
    picture = picture.convert("RGBA")
    grey = np.asarray(picture.convert("L"), np.float64)
    opacity = np.asarray(picture.getchannel("A"), np.float64) / 255
    if opacity.min() == 1:
        return grey
    opaque = opacity > 0.98
    if opaque.any():
        level = np.median(grey[opaque])
        if (np.abs(grey[opaque] - level) > 2 * paper.MIN_CONTRAST).mean() > 0.002:  # contains both paper and ink
            return np.where(opaque, grey, level)
    mean = (grey * opacity).sum() / max(opacity.sum(), 1e-9)
    background = 255 if mean < 128 else 0
    return grey * opacity + background * (1 - opacity)


def _rotate_upright(picture):
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow raises many types for damaged EXIF data, with which the picture may still be valid
        return picture
