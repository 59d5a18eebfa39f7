"""Digits, letters and scribbles as strokes, and pictures of them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

BRUSH = 0.03, 0.11  # fraction of the digit's height
CANVAS = 280, 700  # pixels, each side
SIZE = 0.35, 0.85  # of the canvas's shorter side that the digit's height takes
WIDTH = 0.85, 1.2  # factor on the digit's width
SHEAR = 15  # degrees, to either side
ROTATION = 10  # degrees, to either side
JITTER = 0.02  # of each point, standard deviation as a fraction of the digit's height

# A style is a list of strokes. A stroke is a list of points x,y in a box of height 1 with y downwards; "curve"
# rounds its corners, "line" does not.
STYLES = {
    "0 round": ["curve .35,0 .1,.08 0,.5 .1,.92 .35,1 .6,.92 .7,.5 .6,.08 .35,0"],
    "0 narrow": ["curve .25,0 .02,.15 0,.5 .05,.88 .25,1 .45,.88 .5,.5 .45,.12 .25,0"],
    "0 overlapping": ["curve .5,.06 .25,0 .02,.2 0,.6 .12,.95 .35,1 .6,.85 .66,.45 .55,.1 .36,0 .24,.05"],
    "1 plain": ["line 0,0 0,1"],
    "1 slanted": ["line .25,0 0,1"],
    "1 with a flag": ["line 0,.25 .25,0 .25,1"],
    "1 with a base": ["line 0,.22 .22,0 .22,1", "line 0,1 .46,1"],
    "2 plain": ["curve .02,.25 .1,.03 .35,-.02 .6,.08 .6,.35 .4,.6 .15,.85 0,1", "line 0,1 .66,1"],
    "2 looped": [
        "curve 0,.22 .12,.02 .4,-.02 .58,.15 .55,.45 .35,.75 .12,.98 0,.95 .03,.78 .2,.76 .38,.93 .52,1 .68,.93"
    ],
    "2 with a corner": ["curve 0,.2 .15,0 .45,0 .58,.22 .45,.5 .2,.78 0,1", "curve 0,1 .25,.96 .45,1.02 .62,.98"],
    "3 round": ["curve 0,.14 .15,0 .45,0 .56,.2 .45,.42 .22,.48", "curve .22,.48 .5,.5 .62,.72 .5,.98 .2,1.02 0,.86"],
    "3 flat": ["line 0,0 .56,0 .24,.4", "curve .24,.4 .52,.42 .62,.68 .5,.96 .2,1.02 0,.88"],
    "4 open": ["line .08,0 0,.55 .62,.55", "line .46,.22 .44,1"],
    "4 closed": ["line .46,1 .46,0 0,.66 .66,.66"],
    "4 curled": ["curve .1,.02 .04,.3 .06,.54 .3,.56 .52,.44", "curve .58,.02 .54,.4 .5,.7 .5,1"],
    "5 with a bar": ["line .08,.02 .04,.44", "curve .04,.44 .3,.36 .58,.5 .6,.8 .38,1.02 0,.92", "line .08,.02 .58,0"],
    "5 in one stroke": ["line .58,0 .1,.02 .05,.42", "curve .05,.42 .28,.34 .58,.46 .6,.8 .36,1.02 0,.94"],
    "5 curved": ["curve .56,.02 .3,.02 .12,.04 .08,.2 .06,.42 .3,.4 .56,.52 .58,.82 .34,1.02 .02,.94"],
    "6 curved": ["curve .5,0 .25,.15 .05,.45 0,.75 .15,1 .42,1 .56,.8 .48,.56 .25,.54 .06,.7 .02,.82"],
    "6 with a straight stem": ["curve .3,0 .12,.35 0,.7 .1,.98 .38,1.02 .52,.82 .42,.6 .2,.58 .04,.76"],
    "6 with a hook": ["curve .58,.1 .42,-.02 .2,.1 .04,.4 0,.72 .14,1 .44,1 .58,.78 .46,.55 .2,.56 .04,.74"],
    "7 plain": ["line 0,0 .6,0 .2,1"],
    "7 barred": ["line 0,0 .6,0 .2,1", "line .16,.5 .58,.48"],
    "7 hooked": ["line 0,.16 .02,0 .6,.02", "curve .6,.02 .42,.35 .28,.7 .24,1"],
    "8 in one stroke": [
        "curve .5,.12 .28,-.02 .05,.12 .1,.36 .32,.5 .54,.66 .56,.9 .3,1.03 .03,.9 .06,.66 .3,.5 .5,.34 .52,.12"
    ],
    "8 of two circles": [
        "curve .3,0 .1,.06 .06,.24 .16,.44 .3,.48 .46,.42 .52,.22 .46,.05 .3,0",
        "curve .3,.48 .08,.56 0,.76 .1,.96 .3,1.02 .52,.96 .6,.76 .5,.55 .3,.48",
    ],
    "8 narrow": [
        "curve .42,.1 .25,-.02 .06,.12 .1,.34 .25,.5 .4,.66 .42,.88 .22,1.02 .04,.88 .08,.66 .25,.5 .4,.34 .42,.1"
    ],
    "9 with a straight stem": ["curve .5,.16 .32,0 .08,.06 0,.28 .1,.5 .32,.5 .5,.3", "line .52,.1 .48,1"],
    "9 curved": ["curve .54,.22 .4,0 .12,.02 0,.26 .12,.5 .38,.46 .53,.2", "curve .53,.2 .54,.5 .48,.8 .34,1"],
    "9 with a hook": [
        "curve .54,.2 .38,0 .1,.04 0,.28 .12,.5 .38,.46 .53,.2",
        "curve .53,.2 .55,.6 .48,.92 .25,1.02 .04,.92",
    ],
}

UNUSUAL = {"1 with a long upstroke": ["line 0,.29 .34,0 .32,1"]}  # as in central Europe; drawn on request alone

LETTERS = {
    "A": ["line 0,1 .35,0 .7,1", "line .14,.6 .56,.6"],
    "E": ["line .6,0 0,0 0,1 .6,1", "line 0,.5 .5,.5"],
    "F": ["line .6,0 0,0 0,1", "line 0,.5 .5,.5"],
    "H": ["line 0,0 0,1", "line .6,0 .6,1", "line 0,.5 .6,.5"],
    "K": ["line 0,0 0,1", "line .6,0 0,.5 .6,1"],
    "M": ["line 0,1 .1,0 .4,.7 .7,0 .8,1"],
    "N": ["line 0,1 0,0 .6,1 .6,0"],
    "P": ["line 0,1 0,0", "curve 0,0 .4,0 .6,.1 .6,.4 .4,.5 0,.5"],
    "R": ["line 0,1 0,0", "curve 0,0 .4,0 .6,.1 .6,.4 .4,.5 0,.5", "line .2,.5 .6,1"],
    "T": ["line 0,0 .7,0", "line .35,0 .35,1"],
    "V": ["line 0,0 .35,1 .7,0"],
    "W": ["line 0,0 .2,1 .4,.3 .6,1 .8,0"],
    "X": ["line 0,0 .6,1", "line .6,0 0,1"],
    "Y": ["line 0,0 .35,.5 .7,0", "line .35,.5 .35,1"],
}
SCRIBBLE_POINTS = 6, 12


def scribble(rng: np.random.Generator) -> list[str]:
    """Make one stroke through random points."""
    points = rng.uniform(0, 1, (rng.integers(*SCRIBBLE_POINTS, endpoint=True), 2))
    return ["curve " + " ".join(f"{x:.3f},{y:.3f}" for x, y in points)]


def draw(strokes: Sequence[str], rng: np.random.Generator) -> Image.Image:
    """Draw strokes with a random brush, size, position, shear, rotation and jitter.

    Args:
        strokes: as in STYLES.
        rng: source of the random values.

    Returns:
        A grey picture, dark on light or light on dark; each side has 280 to 700 pixels.
    """
    width, height = rng.integers(*CANVAS, 2, endpoint=True)
    size = rng.uniform(*SIZE) * min(width, height)  # pixels, of a box of height 1
    brush = max(2, round(rng.uniform(*BRUSH) * size))
    shear, rotation = np.deg2rad(rng.uniform(-1, 1, 2) * [SHEAR, ROTATION])
    shape = (
        np.array([[np.cos(rotation), np.sin(rotation)], [-np.sin(rotation), np.cos(rotation)]])
        @ [[1, -np.tan(shear)], [0, 1]]
        @ np.diag([rng.uniform(*WIDTH), 1])
    )
    lines = []
    for stroke in strokes:
        kind, *points = stroke.split()
        points = np.array([[float(value) for value in point.split(",")] for point in points])
        points += rng.normal(0, JITTER, points.shape)
        lines.append((_round_corners(points) if kind == "curve" else points) @ shape.T * size)
    low, high = (
        np.min([line.min(axis=0) for line in lines], axis=0),
        np.max([line.max(axis=0) for line in lines], axis=0),
    )
    room = np.maximum([width, height] - (high - low) - brush, 0)
    offset = brush / 2 - low + rng.uniform(0, 1, 2) * room

    paper, pen = (255, 0) if rng.random() < 0.7 else (0, 255)
    picture = Image.new("L", (int(width), int(height)), paper)
    canvas = ImageDraw.Draw(picture)
    for line in lines:
        points = [tuple(point) for point in line + offset]
        canvas.line(points, fill=pen, width=brush, joint="curve")
        for x, y in (points[0], points[-1]):
            canvas.ellipse([x - brush / 2, y - brush / 2, x + brush / 2, y + brush / 2], fill=pen)
    return picture


def _round_corners(points, iterations=3):
    """Round the corners of a stroke by corner cutting (Chaikin, 1974); the ends stay."""
    for _ in range(iterations):
        cuts = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], axis=1)
        points = np.concatenate([points[:1], cuts.reshape(-1, 2), points[-1:]])
    return points
