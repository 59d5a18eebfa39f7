"""A sheet of paper with a digit written on it, and the photo of it."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

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

    @property
    def grid(self):
        return np.mgrid[: self.ink.shape[0], : self.ink.shape[1]].astype(float)

    def photograph(self, light=1.0, noise=(1.5, 4), added=0.0):
        """Take the photo: light (height, width) times the sheet, plus glare, blur, noise and JPEG."""
        row, column = self.grid / self.side
        angle = self.rng.uniform(0, 2 * np.pi)
        uneven = 1 + self.rng.uniform(0, 0.12) * (
            np.cos(angle) * (row - row.mean()) + np.sin(angle) * (column - column.mean())
        )
        rgb = self.rgb * (uneven * light)[..., None] + np.asarray(added)[..., None]
        rgb = ndimage.gaussian_filter(rgb, (self.rng.uniform(0.3, 0.9),) * 2 + (0,))
        rgb += self.rng.normal(0, self.rng.uniform(*noise), self.ink.shape)[..., None] + self.rng.normal(
            0, 1, rgb.shape
        )
        file = io.BytesIO()
        Image.fromarray(rgb.round().clip(0, 255).astype(np.uint8)).save(
            file, "JPEG", quality=int(self.rng.integers(75, 95))
        )
        return Image.open(file)


def line(distance, width):
    """The mask of a line of a width in pixels, from the distance (height, width) of each pixel to its middle."""
    return np.clip(width / 2 + 0.5 - np.abs(distance), 0, 1)


def _written(image, height, pen):
    """Write a digit (28, 28) again with a round pen: a mask with soft edges, `height` pixels high."""
    rows, columns = np.flatnonzero(image.max(axis=1) > 40), np.flatnonzero(image.max(axis=0) > 40)
    digit = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255, 2)
    large = ndimage.gaussian_filter(ndimage.zoom(digit, height / (digit.shape[0] - 4), order=3), height / 60)
    middle = skeletonize(large > 0.4)
    radius = pen * height / 2
    mask = np.pad(middle, int(radius) + 2)
    return np.clip(radius + 0.5 - ndimage.distance_transform_edt(~mask), 0, 1)
