"""How well photographed digits are read: `python -m benchmarks.photos [KIND …] [--images N] [--seed S] [--save FOLDER]`.

Images that no network of models/ was trained on are written with a pen on paper and photographed as people do it: with
shadows, on ruled paper, with a desk around the sheet. Each kind of picture is read as `predict_digit.py` reads it. It
prints for each kind how many were read right, misread and refused, and how confident the worst mistake was.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.draw import disk, polygon
from skimage.morphology import skeletonize

from benchmarks.drawings import unseen_images
from digits import errors
from digits.errors import InputError
from digits.reading import Reader

SIZES = (300, 400), (400, 300), (600, 800), (900, 1200)  # pixels, width and height
DIGIT = 0.28, 0.5  # of the picture's shorter side that the digit's height takes
PEN = 0.035, 0.08  # of the digit's height that the stroke's width takes
BRUSH = 0.1, 0.18  # the same, of a felt pen
PAPER = np.array([222.0, 216.0, 202.0])  # red, green, blue
INK = np.array([0.17, 0.18, 0.38])  # fraction of each colour's light that it throws back


class Sheet:
    """A digit on paper before it is photographed.

    Attributes:
        ink: (height, width) float, 0 for paper, 1 for ink.
        rgb: (height, width, 3) float, 0–255, of paper and ink in even light.
        box: rows and columns of the digit: top, left, bottom, right.
    """

    def __init__(self, image, rng, pen=PEN, paper=PAPER, ink=INK):
        self.rng = rng
        width, height = SIZES[rng.integers(len(SIZES))]
        self.side = min(width, height)
        mask = _written(image, rng.uniform(*DIGIT) * self.side, rng.uniform(*pen))
        rooms = np.array([height, width]) - mask.shape
        top, left = (int(rng.uniform(0.25 * room, 0.75 * room)) for room in rooms)
        self.box = top, left, top + mask.shape[0], left + mask.shape[1]
        self.ink = np.zeros((height, width))
        self.ink[top : self.box[2], left : self.box[3]] = mask
        self.rgb = np.broadcast_to(paper, (height, width, 3)).copy()
        self.draw(self.ink, ink)

    def draw(self, mask, colour):
        """Lay a colour, as the fraction of light that it throws back, over the sheet where the mask is 1."""
        self.rgb *= 1 - mask[..., None] * (1 - np.asarray(colour))

    def line(self, mask_distance, width):
        """The mask of a line from the distance of each pixel to its middle, in pixels."""
        return np.clip(width / 2 + 0.5 - np.abs(mask_distance), 0, 1)

    @property
    def grid(self):
        return np.mgrid[: self.ink.shape[0], : self.ink.shape[1]].astype(float)

    def photograph(self, light=1.0, noise=(1.5, 4), added=0.0):
        """Take the photo: light (height, width) times the sheet, plus glare, blur, noise and JPEG."""
        row, column = self.grid / self.side
        angle = self.rng.uniform(0, 2 * np.pi)
        uneven = 1 + self.rng.uniform(0, 0.12) * (np.cos(angle) * (row - row.mean()) + np.sin(angle) * (column - column.mean()))
        rgb = self.rgb * (uneven * light)[..., None] + np.asarray(added)[..., None]
        rgb = ndimage.gaussian_filter(rgb, (self.rng.uniform(0.3, 0.9),) * 2 + (0,))
        rgb += self.rng.normal(0, self.rng.uniform(*noise), self.ink.shape)[..., None] + self.rng.normal(0, 1, rgb.shape)
        file = io.BytesIO()
        Image.fromarray(rgb.round().clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=int(self.rng.integers(75, 95)))
        return Image.open(file)


def _written(image, height, pen):
    """Write a digit (28, 28) again with a round pen: a mask with soft edges, `height` pixels high."""
    rows, columns = np.flatnonzero(image.max(axis=1) > 40), np.flatnonzero(image.max(axis=0) > 40)
    digit = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255, 2)
    large = ndimage.gaussian_filter(ndimage.zoom(digit, height / (digit.shape[0] - 4), order=3), height / 60)
    middle = skeletonize(large > 0.4)
    radius = pen * height / 2
    mask = np.pad(middle, int(radius) + 2)
    return np.clip(radius + 0.5 - ndimage.distance_transform_edt(~mask), 0, 1)


def plain(image, rng):
    return Sheet(image, rng).photograph()


def felt_pen(image, rng):
    return Sheet(image, rng, BRUSH).photograph()


def lined_paper(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    gap, slope = sheet.side * rng.uniform(0.05, 0.08), rng.uniform(-0.02, 0.02)
    sheet.draw(sheet.line((row + slope * column) % gap - gap / 2, sheet.side / 300), 1 - rng.uniform(0.1, 0.25) * np.array([1, 0.6, 0.3]))
    return sheet.photograph()


def vignette(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    distance = np.hypot(row - height / 2, column - width / 2) / np.hypot(height / 2, width / 2)
    return sheet.photograph(1 - rng.uniform(0.25, 0.45) * distance**2)


def _half_plane(sheet, low, high):
    """The distance in pixels, inwards, of each pixel from a straight edge that leaves `low` to `high` of the sheet outside."""
    row, column = sheet.grid
    angle = sheet.rng.uniform(0, 2 * np.pi)
    distance = np.cos(angle) * row + np.sin(angle) * column
    return distance - np.quantile(distance, sheet.rng.uniform(low, high))


def hard_shadow(image, rng):
    sheet = Sheet(image, rng)
    return sheet.photograph(1 - rng.uniform(0.35, 0.55) * np.clip(0.5 - _half_plane(sheet, 0.2, 0.6) / rng.uniform(1, 6), 0, 1))


def soft_shadow(image, rng):
    """The shadow of a finger over one corner."""
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    corner = rng.integers(0, 2, 2) * [height, width]
    angle = np.arctan2(height / 2 - corner[0], width / 2 - corner[1]) + rng.uniform(-0.4, 0.4)
    along = (row - corner[0]) * np.sin(angle) + (column - corner[1]) * np.cos(angle)
    across = (column - corner[1]) * np.sin(angle) - (row - corner[0]) * np.cos(angle)
    finger = np.hypot(np.maximum(along - rng.uniform(0.2, 0.5) * sheet.side, 0), across) < rng.uniform(0.08, 0.2) * sheet.side
    return sheet.photograph(1 - rng.uniform(0.2, 0.5) * ndimage.gaussian_filter(finger.astype(float), rng.uniform(0.02, 0.06) * sheet.side))


def _on_desk(sheet, inside):
    """Show a desk where the paper is not: `inside` is the distance in pixels from the paper's edge."""
    desk = sheet.rng.choice([[92, 62, 42], [50, 48, 46], [120, 84, 50], [30, 34, 40]]).astype(float)
    paper = np.clip(inside + 0.5, 0, 1)[..., None]
    grain = ndimage.gaussian_filter(sheet.rng.normal(0, 1, sheet.ink.shape), (1, 20))[..., None] * sheet.rng.uniform(0, 30)
    sheet.rgb = sheet.rgb * paper + (desk + grain) * (1 - paper)


def paper_on_desk(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    turn = np.deg2rad(rng.uniform(-4, 4))
    y, x = row - height / 2, column - width / 2
    down, right = np.cos(turn) * y - np.sin(turn) * x, np.sin(turn) * y + np.cos(turn) * x
    edges = [height / 2 - rng.uniform(0.03, 0.1) * height, width / 2 - rng.uniform(0.03, 0.1) * width]
    _on_desk(sheet, np.minimum(edges[0] - np.abs(down), edges[1] - np.abs(right)))
    return sheet.photograph()


def desk_along_an_edge(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    across, along = [(row, column), (height - row, column), (column, row), (width - column, row)][rng.integers(4)]
    _on_desk(sheet, across - rng.uniform(0.03, 0.11) * sheet.side - rng.uniform(-0.03, 0.03) * along)
    return sheet.photograph()


def whiteboard_glare(image, rng):
    sheet = Sheet(image, rng, (0.06, 0.12), np.array([214.0, 220, 222]), [0.15, 0.2, 0.25])
    row, column = sheet.grid
    height, width = sheet.ink.shape
    y, x = rng.uniform(0, height), rng.uniform(0, width)
    spread = rng.uniform(0.1, 0.25, 2) * sheet.side
    return sheet.photograph(added=rng.uniform(60, 120) * np.exp(-(((row - y) / spread[0]) ** 2) - ((column - x) / spread[1]) ** 2))


def margin_line(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    place = max(sheet.box[1] - rng.uniform(0.04, 0.12) * sheet.side, 0.04 * sheet.side)
    tilt = rng.uniform(-0.02, 0.02)
    width = sheet.side / 300 * rng.uniform(1, 2.5)
    sheet.draw(sheet.line(column - place - tilt * (row - sheet.ink.shape[0] / 2), width), [0.95, rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)])
    return sheet.photograph()


def squared_paper(image, rng):
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    gap, slope = sheet.side * rng.uniform(0.06, 0.12), rng.uniform(-0.02, 0.02)
    width = sheet.side / 300 * rng.uniform(1, 1.8)
    offset = rng.uniform(0, gap, 2)
    lines = np.maximum(*(sheet.line((place + offset[i]) % gap - gap / 2, width) for i, place in enumerate((row + slope * column, column - slope * row))))
    sheet.draw(lines, 1 - rng.uniform(0.35, 0.6) * np.array([1, 0.8, 0.5]))
    return sheet.photograph()


def box(image, rng):
    """A form's field around the digit."""
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.box[2] - sheet.box[0], sheet.box[3] - sheet.box[1]
    margin, turn = rng.uniform(0.12, 0.3) * height, rng.uniform(-0.03, 0.03)
    y, x = row - (sheet.box[0] + sheet.box[2]) / 2, column - (sheet.box[1] + sheet.box[3]) / 2
    side = max(height, width) / 2 + margin
    outline = side - np.maximum(np.abs(y - turn * x), np.abs(x + turn * y))
    sheet.draw(sheet.line(outline, max(1, height * rng.uniform(0.01, 0.05))), [rng.uniform(0.1, 0.5)] * 3)
    return sheet.photograph()


def _apart(sheet, size):
    """A place for a mark of this size, in pixels, that does not touch the digit: row and column of its middle."""
    free = ndimage.distance_transform_edt(sheet.ink == 0) > size + 2
    height, width = free.shape
    free[: size + 1], free[-size - 1 :], free[:, : size + 1], free[:, -size - 1 :] = False, False, False, False
    places = np.argwhere(free)
    return places[sheet.rng.integers(len(places))]


def punch_hole(image, rng):
    """The hole in the margin through which the desk shows, at times two."""
    sheet = Sheet(image, rng)
    radius = round(rng.uniform(0.02, 0.045) * sheet.side)
    place = [sheet.ink.shape[0] * rng.uniform(0.2, 0.8), max(radius + 2, min(sheet.box[1] - 2 * radius, rng.uniform(0.03, 0.1) * sheet.side))]
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
        y, x = _apart(sheet, size)
        corners = np.sort(rng.uniform(0, 2 * np.pi, 6))
        crumb = np.zeros(sheet.ink.shape)
        crumb[polygon(y + size * np.sin(corners), x + size * np.cos(corners), crumb.shape)] = 1
        sheet.draw(crumb, [rng.uniform(0.1, 0.4)] * 3)
    return sheet.photograph()


def fax(image, rng):
    """A scan of one bit, with speckles."""
    sheet = Sheet(image, rng, (0.05, 0.16), np.array([255.0] * 3), [0.0] * 3)
    black = sheet.ink > 0.5
    black ^= rng.random(black.shape) < rng.uniform(0.001, 0.01)
    return Image.fromarray(~black)


def red_on_green(image, rng):
    """Ink and paper of one lightness."""
    return Sheet(image, rng, (0.06, 0.16), np.array([60.0, 160, 60]), np.array([230, 73, 73]) / [60, 160, 60]).photograph(noise=(1, 2))


def highlighter(image, rng):
    return Sheet(image, rng, (0.1, 0.18), np.array([250.0, 250, 248]), [1, 0.99, 0.3]).photograph(noise=(1, 2))


def chalkboard(image, rng):
    return Sheet(image, rng, (0.06, 0.12), np.array([40.0, 62, 50]), [4.6, 3.3, 3.9]).photograph()


def page_on_transparent(image, rng):
    """A page with a shadow on a transparent canvas, as screenshots of a window are."""
    sheet = Sheet(image, rng, (0.05, 0.16), np.array([255.0] * 3), [0.1] * 3)
    edge = round(0.1 * sheet.side)
    page = np.pad(np.ones(sheet.ink.shape), edge)
    shadow = ndimage.gaussian_filter(page, edge / 4) * rng.uniform(0, 0.6)
    alpha = np.maximum(page, shadow) * 255
    rgba = np.dstack([np.pad(sheet.rgb, ((edge, edge), (edge, edge), (0, 0))), alpha])
    return Image.fromarray(rgba.round().astype(np.uint8))


KINDS = [
    plain, felt_pen, lined_paper, vignette, hard_shadow, soft_shadow, paper_on_desk, desk_along_an_edge, whiteboard_glare,
    margin_line, squared_paper, box, punch_hole, crumbs, fax, red_on_green, highlighter, chalkboard, page_on_transparent,
]  # fmt: skip


def evaluate(reader, kind, images, labels, seed=1, folder=None):
    """Photograph and read digits of a kind: lists of the answers and of the reasons of those refused (the other is None)."""
    answers = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        picture = kind(image, np.random.default_rng([seed, KINDS.index(kind), number]))
        if folder:
            picture.save(folder / f"{kind.__name__}-{number}_{label}.png")
        try:
            answers.append(reader.read(picture)[0])
        except InputError as error:
            answers.append(error)
    return answers


def main():
    parser = argparse.ArgumentParser(description="Turn digits into photos and read them with the networks of models/.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="of picture (default: all): " + ", ".join(kind.__name__ for kind in KINDS))
    parser.add_argument("--images", type=int, default=40, help="of each kind (default: 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep the pictures here")
    arguments = parser.parse_args()
    if arguments.save:
        arguments.save.mkdir(parents=True, exist_ok=True)
    images, labels = unseen_images()
    chosen = np.random.default_rng(arguments.seed).choice(len(images), arguments.images, replace=False)
    reader = Reader.load()
    for kind in KINDS:
        if arguments.kinds and kind.__name__ not in arguments.kinds:
            continue
        answers = evaluate(reader, kind, images[chosen], labels[chosen], arguments.seed, arguments.save)
        refused = [answer for answer in answers if isinstance(answer, InputError)]
        wrong = [
            f"{number}_{label} as {answer.digit} ({answer.probability:.2f})"
            for number, (answer, label) in enumerate(zip(answers, labels[chosen], strict=True))
            if not isinstance(answer, InputError) and answer.digit != label
        ]
        right = len(answers) - len(refused) - len(wrong)
        print(f"{kind.__name__:20}{right:3} of {len(answers)} read, {len(refused):2} refused, {len(wrong):2} misread  {', '.join(wrong)}", flush=True)


if __name__ == "__main__":
    errors.run(main)
