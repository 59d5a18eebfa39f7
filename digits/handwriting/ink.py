"""Find the handwriting in a picture: ink on paper, of any colours, without the marks that are not digits."""

import numpy as np
from PIL import Image, ImageOps
from skimage import filters

from digits.errors import InputError
from digits.handwriting import lines, marks, paper

MAX_SIDE = 1000  # pixels; a larger picture is shrunk first
NUMBER_MODES = "I", "I;16", "I;16L", "I;16B", "F"  # of more than eight bits
GREY_MODES = "1", "L", "LA", *NUMBER_MODES
CLEAR = 60  # grey levels; if there are fewer, the colour of the ink may tell it better from the paper
_BORDER = 0.04  # fraction of the shorter side that is taken for paper


class Blank(InputError):
    """There is no ink in the picture."""


def find_ink(picture):
    """Tell the ink of a picture from its paper.

    A drawing, whose paper is of one grey without noise, is taken as it is, grey by grey. In anything else, a photo or a
    scan, ink is what is darker (or lighter) than the paper around it, see `digits.handwriting.paper`. Where the lightness of ink and
    paper is nearly the same, their colour is taken instead. Marks that are not digits are left out, see `digits.handwriting.marks`.

    Args:
        picture: PIL.Image.Image of any mode and size; dark ink or light, paper or transparency behind it.

    Returns:
        (height, width) float32: 0 for paper, up to 1 for the strongest ink.

    Raises:
        Blank: there is none, neither in its lightness nor in its colour (Cb or Cr).
        InputError: there is nothing but ruled lines or shadows.
    """
    picture = _upright(picture)
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    grey = _grey(picture)
    ink, strokes = _drawing(grey), None
    if ink is None:
        strokes = paper.find_strokes(grey)
        if (strokes is None or strokes.levels < CLEAR) and picture.mode not in GREY_MODES:
            colours = list(_colours(picture))
            ink = next(filter(lambda drawn: drawn is not None, map(_drawing, colours)), None)
            strokes = max([strokes, *map(paper.find_strokes, colours)], key=lambda found: found.levels if found else 0)
    if ink is None and strokes is None:
        raise Blank("is blank")
    return _without_marks(strokes) if ink is None else ink


def _colours(picture):
    """Make its colour two pictures of grey levels (height, width): Cb and Cr of the JPEG standard."""
    for channel in picture.convert("RGB").convert("YCbCr").split()[1:]:
        yield _grey(Image.merge("LA", (channel, picture.convert("RGBA").getchannel("A"))))


def _without_marks(strokes):
    """Leave the strokes of digits alone of all strokes: ink (height, width) float32 as `find_ink` returns it."""
    contrast, covered = lines.fade(
        strokes.contrast, strokes.contrast > np.maximum(3 * strokes.noise, 0.15 * strokes.strong)
    )
    faint = np.where(strokes.mask & (contrast > strokes.least), contrast, 0)
    mask = filters.apply_hysteresis_threshold(faint, 1e-9, 0.6 * strokes.strong)
    whole = lines.bridge(mask, covered, strokes.mask)
    mask, contrast = whole, np.where(whole & covered, strokes.contrast, contrast)
    if not mask.any():
        raise InputError("shows lines, but no digit")
    mask = marks.without_soft(contrast, mask)
    if not mask.any():
        raise InputError("shows shadows, but no digit")
    full = np.maximum(0.75 * strokes.strong - strokes.least, 0.1 * strokes.strong)
    ink = np.clip((contrast - strokes.least) / full, 0, 1)
    return np.where(marks.strokes_of_digits(mask), ink, 0).astype(np.float32)


def _drawing(grey):
    """Tell the ink of a drawing, whose border is of one grey without noise, grey by grey; None if it is a photo or blank."""
    thick = max(1, round(_BORDER * min(grey.shape)))
    border = np.ones(grey.shape, bool)
    border[thick:-thick, thick:-thick] = False
    values = grey[border]
    level = np.median(values)
    if 1.4826 * np.median(np.abs(values - level)) >= 0.5:
        return None
    difference = grey - level
    like_paper = np.abs(difference) < paper.MIN_CONTRAST
    if like_paper.mean() < 0.5 or np.mean(np.abs(difference[like_paper]) < 0.5) < 0.9:
        return None
    ink = difference if difference[difference > 0].sum() >= -difference[difference < 0].sum() else -difference
    strongest = ink.max()
    if strongest < paper.MIN_CONTRAST:
        return None
    ink = np.clip(ink / strongest, 0, 1)
    mask = filters.apply_hysteresis_threshold(ink, 0, 0.2)
    return np.where(marks.strokes_of_digits(mask, marks.DRAWN_SPECK), ink, 0).astype(np.float32)


def _grey(picture):
    """Make it grey (height, width) float64, 0–255.

    Where a picture is transparent, it gets the grey of its opaque paper; without one, as where only ink is opaque, it gets
    white behind dark ink and black behind light ink.
    """
    if picture.mode in NUMBER_MODES:
        values = np.asarray(picture, np.float64)
        known = np.isfinite(values)
        values = np.where(known, values, np.median(values[known]) if known.any() else 0)  # what has no value is paper
        values -= min(values.min(), 0)
        return values * (255 / max(values.max(), 1))
    picture = picture.convert("RGBA")
    grey, opaque = np.asarray(picture.convert("L"), np.float64), np.asarray(picture.getchannel("A"), np.float64) / 255
    if opaque.min() == 1:
        return grey
    solid = opaque > 0.98
    if solid.any():
        sheet = np.median(grey[solid])
        if (np.abs(grey[solid] - sheet) > 2 * paper.MIN_CONTRAST).mean() > 0.002:  # the opaque part has paper and ink
            return np.where(solid, grey, sheet)
    behind = 255 if _mean(grey, opaque) < 128 else 0
    return grey * opaque + behind * (1 - opaque)


def _upright(picture):
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # whatever a damaged note of the camera makes of Pillow; the picture may be good all the same
        return picture


def _mean(values, weights):
    return (values * weights).sum() / max(weights.sum(), 1e-9)
