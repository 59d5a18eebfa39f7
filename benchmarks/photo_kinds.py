"""The kinds of photos of `benchmarks.photos`: functions of a digit (28, 28) and a random generator.

A digit is written with a pen on a sheet and photographed: in uneven light, on ruled paper, on a desk.
"""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.draw import disk, polygon

from benchmarks.sheet import BRUSH, Sheet, line


def plain(image, rng):
    return Sheet(image, rng).photograph()


def felt_pen(image, rng):
    return Sheet(image, rng, BRUSH).photograph()


def lined_paper(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    gap, slope = sheet.side * rng.uniform(0.05, 0.08), rng.uniform(-0.02, 0.02)
    sheet.draw(
        line((row + slope * column) % gap - gap / 2, sheet.side / 300),
        1 - rng.uniform(0.1, 0.25) * np.array([1, 0.6, 0.3]),
    )
    return sheet.photograph()


def vignette(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    distance = np.hypot(row - height / 2, column - width / 2) / np.hypot(height / 2, width / 2)
    return sheet.photograph(1 - rng.uniform(0.25, 0.45) * distance**2)


def hard_shadow(image, rng):
    sheet = Sheet(image, rng)
    return sheet.photograph(
        1 - rng.uniform(0.35, 0.55) * np.clip(0.5 - sheet.distance_to_random_edge(0.2, 0.6) / rng.uniform(1, 6), 0, 1)
    )


def soft_shadow(image, rng):
    """Cast the shadow of a finger on one corner."""
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    corner = rng.integers(0, 2, 2) * [height, width]
    angle = np.arctan2(height / 2 - corner[0], width / 2 - corner[1]) + rng.uniform(-0.4, 0.4)
    along = (row - corner[0]) * np.sin(angle) + (column - corner[1]) * np.cos(angle)
    across = (column - corner[1]) * np.sin(angle) - (row - corner[0]) * np.cos(angle)
    distance = np.hypot(np.maximum(along - rng.uniform(0.2, 0.5) * sheet.side, 0), across)
    finger = (distance < rng.uniform(0.08, 0.2) * sheet.side).astype(float)
    darkness = rng.uniform(0.2, 0.5)
    return sheet.photograph(1 - darkness * ndimage.gaussian_filter(finger, rng.uniform(0.02, 0.06) * sheet.side))


def paper_on_desk(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    rotation = np.deg2rad(rng.uniform(-4, 4))
    y, x = row - height / 2, column - width / 2
    down, right = np.cos(rotation) * y - np.sin(rotation) * x, np.sin(rotation) * y + np.cos(rotation) * x
    edges = [height / 2 - rng.uniform(0.03, 0.1) * height, width / 2 - rng.uniform(0.03, 0.1) * width]
    sheet.add_desk(np.minimum(edges[0] - np.abs(down), edges[1] - np.abs(right)))
    return sheet.photograph()


def desk_along_an_edge(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    across, along = [(row, column), (height - row, column), (column, row), (width - column, row)][rng.integers(4)]
    sheet.add_desk(across - rng.uniform(0.03, 0.11) * sheet.side - rng.uniform(-0.03, 0.03) * along)
    return sheet.photograph()


def whiteboard_glare(image, rng):
    sheet = Sheet(image, rng, (0.06, 0.12), np.array([214.0, 220, 222]), [0.15, 0.2, 0.25])
    row, column = sheet.grid
    height, width = sheet.ink.shape
    y, x = rng.uniform(0, height), rng.uniform(0, width)
    spread = rng.uniform(0.1, 0.25, 2) * sheet.side
    return sheet.photograph(
        added=rng.uniform(60, 120) * np.exp(-(((row - y) / spread[0]) ** 2) - ((column - x) / spread[1]) ** 2)
    )


def margin_line(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    place = max(sheet.box[1] - rng.uniform(0.04, 0.12) * sheet.side, 0.04 * sheet.side)
    tilt = rng.uniform(-0.02, 0.02)
    width = sheet.side / 300 * rng.uniform(1, 2.5)
    sheet.draw(
        line(column - place - tilt * (row - sheet.ink.shape[0] / 2), width),
        [0.95, rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)],
    )
    return sheet.photograph()


def squared_paper(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    gap, slope = sheet.side * rng.uniform(0.06, 0.12), rng.uniform(-0.02, 0.02)
    width = sheet.side / 300 * rng.uniform(1, 1.8)
    offset = rng.uniform(0, gap, 2)
    horizontal = line((row + slope * column + offset[0]) % gap - gap / 2, width)
    vertical = line((column - slope * row + offset[1]) % gap - gap / 2, width)
    sheet.draw(np.maximum(horizontal, vertical), 1 - rng.uniform(0.35, 0.6) * np.array([1, 0.8, 0.5]))
    return sheet.photograph()


def box(image, rng):
    """Draw the box of a form around the digit."""
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.box[2] - sheet.box[0], sheet.box[3] - sheet.box[1]
    margin, rotation = rng.uniform(0.12, 0.3) * height, rng.uniform(-0.03, 0.03)
    y, x = row - (sheet.box[0] + sheet.box[2]) / 2, column - (sheet.box[1] + sheet.box[3]) / 2
    side = max(height, width) / 2 + margin
    outline = side - np.maximum(np.abs(y - rotation * x), np.abs(x + rotation * y))
    sheet.draw(line(outline, max(1, height * rng.uniform(0.01, 0.05))), [rng.uniform(0.1, 0.5)] * 3)
    return sheet.photograph()


def punch_hole(image, rng):
    """Punch one or two holes in the margin."""
    sheet = Sheet(image, rng)
    radius = round(rng.uniform(0.02, 0.045) * sheet.side)
    place = [
        sheet.ink.shape[0] * rng.uniform(0.2, 0.8),
        max(radius + 2, min(sheet.box[1] - 2 * radius, rng.uniform(0.03, 0.1) * sheet.side)),
    ]
    hole = np.zeros(sheet.ink.shape)
    hole[disk(place, radius, shape=hole.shape)] = 1
    if rng.random() < 0.3:
        hole[disk([sheet.ink.shape[0] - place[0], place[1]], radius, shape=hole.shape)] = 1
    sheet.draw(hole, [rng.uniform(0.1, 0.4)] * 3)
    return sheet.photograph()


def crumbs(image, rng):
    sheet = Sheet(image, rng)
    for _ in range(3):
        size = max(2, round(rng.uniform(0.005, 0.012) * sheet.side))
        y, x = sheet.find_free_place(size)
        corners = np.sort(rng.uniform(0, 2 * np.pi, 6))
        crumb = np.zeros(sheet.ink.shape)
        crumb[polygon(y + size * np.sin(corners), x + size * np.cos(corners), crumb.shape)] = 1
        sheet.draw(crumb, [rng.uniform(0.1, 0.4)] * 3)
    return sheet.photograph()


def fax(image, rng):
    """Make a binary scan with specks."""
    sheet = Sheet(image, rng, (0.05, 0.16), np.array([255.0] * 3), [0.0] * 3)
    black = sheet.ink > 0.5
    black ^= rng.random(black.shape) < rng.uniform(0.001, 0.01)
    return Image.fromarray(~black)


def red_on_green(image, rng):
    """Use ink and paper of the same lightness."""
    return Sheet(
        image, rng, (0.06, 0.16), np.array([60.0, 160, 60]), np.array([230, 73, 73]) / [60, 160, 60]
    ).photograph(noise=(1, 2))


def highlighter(image, rng):
    return Sheet(image, rng, (0.1, 0.18), np.array([250.0, 250, 248]), [1, 0.99, 0.3]).photograph(noise=(1, 2))


def chalkboard(image, rng):
    return Sheet(image, rng, (0.06, 0.12), np.array([40.0, 62, 50]), [4.6, 3.3, 3.9]).photograph()


def page_on_transparent(image, rng):
    """Put a page with a shadow on a transparent canvas, as in a screenshot of a window."""
    sheet = Sheet(image, rng, (0.05, 0.16), np.array([255.0] * 3), [0.1] * 3)
    edge = round(0.1 * sheet.side)
    page = np.pad(np.ones(sheet.ink.shape), edge)
    shadow = ndimage.gaussian_filter(page, edge / 4) * rng.uniform(0, 0.6)
    alpha = np.maximum(page, shadow) * 255
    rgba = np.dstack([np.pad(sheet.rgb, ((edge, edge), (edge, edge), (0, 0))), alpha])
    return Image.fromarray(rgba.round().astype(np.uint8))


KINDS = [
    plain, felt_pen, lined_paper, vignette, hard_shadow, soft_shadow, paper_on_desk, desk_along_an_edge,
    whiteboard_glare, margin_line, squared_paper, box, punch_hole, crumbs, fax, red_on_green, highlighter, chalkboard,
    page_on_transparent,
]  # fmt: skip
