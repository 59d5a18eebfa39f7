"""How well photographed digits are read: `python -m benchmarks.photos [KIND …] [--images N] [--seed S] [--save FOLDER]`.

Images that no network of models/ was trained on are written with a pen on paper and photographed as people do it: with
shadows, on ruled paper, with a desk around the sheet. Each kind of picture is read as `predict_digit.py` reads it. It
prints for each kind how many were read right, misread and refused, and how confident the worst mistake was.
"""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.draw import disk, polygon

from benchmarks import unseen
from benchmarks.sheet import BRUSH, Sheet, line
from digits import errors
from digits.errors import InputError
from digits.handwriting.recognizer import Reader


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


def _half_plane(sheet, low, high):
    """The distance in pixels, inwards, of each pixel from a straight edge that leaves `low` to `high` of the sheet outside."""
    row, column = sheet.grid
    angle = sheet.rng.uniform(0, 2 * np.pi)
    distance = np.cos(angle) * row + np.sin(angle) * column
    return distance - np.quantile(distance, sheet.rng.uniform(low, high))


def hard_shadow(image, rng):
    sheet = Sheet(image, rng)
    return sheet.photograph(
        1 - rng.uniform(0.35, 0.55) * np.clip(0.5 - _half_plane(sheet, 0.2, 0.6) / rng.uniform(1, 6), 0, 1)
    )


def soft_shadow(image, rng):
    """The shadow of a finger over one corner."""
    sheet = Sheet(image, rng)
    row, column = sheet.grid
    height, width = sheet.ink.shape
    corner = rng.integers(0, 2, 2) * [height, width]
    angle = np.arctan2(height / 2 - corner[0], width / 2 - corner[1]) + rng.uniform(-0.4, 0.4)
    along = (row - corner[0]) * np.sin(angle) + (column - corner[1]) * np.cos(angle)
    across = (column - corner[1]) * np.sin(angle) - (row - corner[0]) * np.cos(angle)
    finger = (
        np.hypot(np.maximum(along - rng.uniform(0.2, 0.5) * sheet.side, 0), across)
        < rng.uniform(0.08, 0.2) * sheet.side
    )
    return sheet.photograph(
        1 - rng.uniform(0.2, 0.5) * ndimage.gaussian_filter(finger.astype(float), rng.uniform(0.02, 0.06) * sheet.side)
    )


def _on_desk(sheet, inside):
    """Show a desk where the paper is not: `inside` is the distance in pixels from the paper's edge."""
    desk = sheet.rng.choice([[92, 62, 42], [50, 48, 46], [120, 84, 50], [30, 34, 40]]).astype(float)
    paper = np.clip(inside + 0.5, 0, 1)[..., None]
    grain = ndimage.gaussian_filter(sheet.rng.normal(0, 1, sheet.ink.shape), (1, 20))[..., None] * sheet.rng.uniform(
        0, 30
    )
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
    lines = np.maximum(
        *(
            line((place + offset[i]) % gap - gap / 2, width)
            for i, place in enumerate((row + slope * column, column - slope * row))
        )
    )
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
    sheet.draw(line(outline, max(1, height * rng.uniform(0.01, 0.05))), [rng.uniform(0.1, 0.5)] * 3)
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
    return Sheet(
        image, rng, (0.06, 0.16), np.array([60.0, 160, 60]), np.array([230, 73, 73]) / [60, 160, 60]
    ).photograph(noise=(1, 2))


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
    """Photograph and read digits of a kind: a list of an Answer, or of the InputError with which it was refused, for each."""
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
    parser = unseen.parser("Turn digits into photos and read them with the networks of models/.", KINDS, images=40)
    arguments = unseen.parse(parser, KINDS)
    images, labels = unseen.images_and_labels()
    chosen = np.random.default_rng(arguments.seed).choice(len(images), arguments.images, replace=False)
    reader = Reader.load()
    for kind in KINDS:
        if kind.__name__ not in arguments.kinds:
            continue
        answers = evaluate(reader, kind, images[chosen], labels[chosen], arguments.seed, arguments.save)
        refused = [answer for answer in answers if isinstance(answer, InputError)]
        wrong = [
            f"{number}_{label} as {answer.digit} ({answer.probability:.2f})"
            for number, (answer, label) in enumerate(zip(answers, labels[chosen], strict=True))
            if not isinstance(answer, InputError) and answer.digit != label
        ]
        right = len(answers) - len(refused) - len(wrong)
        print(
            f"{kind.__name__:20}{right:3} of {len(answers)} read, {len(refused):2} refused, {len(wrong):2} misread  {', '.join(wrong)}",
            flush=True,
        )


if __name__ == "__main__":
    errors.run(main)
