"""Write a digit on a sheet of paper and photograph it."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

SIZES = (300, 400), (400, 300), (600, 800), (900, 1200)  # pixels, width and height
DIGIT = 0.28, 0.5  # height of the digit, as a fraction of the picture's shorter side
PEN = 0.035, 0.08  # width of the stroke, as a fraction of the digit's height
BRUSH = 0.1, 0.18  # the same, of a felt pen
PAPER = np.array([222.0, 216.0, 202.0])  # red, green, blue
INK = np.array([0.17, 0.18, 0.38])  # reflectance of red, green and blue


class Sheet:
    """A digit on paper before it is photographed.

    Attributes:
        ink: (height, width) float, 0 for paper, 1 for ink.
        rgb: (height, width, 3) float, 0–255, of paper and ink in even light.
        box: of the digit: top, left, bottom, right.
        side: the shorter side, in pixels.
    """

    def __init__(self, image, rng, pen=PEN, paper=PAPER, ink=INK):
        self.rng = rng
        width, height = SIZES[rng.integers(len(SIZES))]
        self.side = min(width, height)
        mask = _write(image, rng.uniform(*DIGIT) * self.side, rng.uniform(*pen))
        rooms = np.array([height, width]) - mask.shape
        top, left = (int(rng.uniform(0.25 * room, 0.75 * room)) for room in rooms)
        self.box = top, left, top + mask.shape[0], left + mask.shape[1]
        self.ink = np.zeros((height, width))
        self.ink[top : self.box[2], left : self.box[3]] = mask
        self.rgb = np.broadcast_to(paper, (height, width, 3)).copy()
        self.draw(self.ink, ink)

    def draw(self, mask, colour):
        """Cover the sheet with a colour, given by its reflectance, where the mask (height, width) is 1."""
        self.rgb *= 1 - mask[..., None] * (1 - np.asarray(colour))

    @property
    def grid(self):
        """The row and the column of each pixel: (2, height, width) float."""
        return np.mgrid[: self.ink.shape[0], : self.ink.shape[1]].astype(float)

    def distance_to_random_edge(self, low, high):
        """Return each pixel's signed distance to a straight edge that has a fraction of `low` to `high` outside."""
        row, column = self.grid
        angle = self.rng.uniform(0, 2 * np.pi)
        distance = np.cos(angle) * row + np.sin(angle) * column
        return distance - np.quantile(distance, self.rng.uniform(low, high))

    def add_desk(self, distance):
        """Show a desk outside of the paper; `distance` is that of each pixel to the paper's edge, negative outside."""
        desk = self.rng.choice([[92, 62, 42], [50, 48, 46], [120, 84, 50], [30, 34, 40]]).astype(float)
        paper = np.clip(distance + 0.5, 0, 1)[..., None]
        grain = ndimage.gaussian_filter(self.rng.normal(0, 1, self.ink.shape), (1, 20))[..., None]
        self.rgb = self.rgb * paper + (desk + grain * self.rng.uniform(0, 30)) * (1 - paper)

    def find_free_place(self, size):
        """Choose the row and column of the centre of a mark, `size` pixels in radius, that does not touch the digit."""
        free = ndimage.distance_transform_edt(self.ink == 0) > size + 2
        free[: size + 1], free[-size - 1 :], free[:, : size + 1], free[:, -size - 1 :] = False, False, False, False
        places = np.argwhere(free)
        return places[self.rng.integers(len(places))]

    def photograph(self, light=1.0, noise=(1.5, 4), added=0.0):
        """Take a photo in light (height, width), with `added` glare, blur, noise and JPEG compression."""
        row, column = self.grid / self.side
        angle = self.rng.uniform(0, 2 * np.pi)
        slope = np.cos(angle) * (row - row.mean()) + np.sin(angle) * (column - column.mean())
        uneven = 1 + self.rng.uniform(0, 0.12) * slope
        rgb = self.rgb * (uneven * light)[..., None] + np.asarray(added)[..., None]
        rgb = ndimage.gaussian_filter(rgb, (self.rng.uniform(0.3, 0.9),) * 2 + (0,))
        grey_noise = self.rng.normal(0, self.rng.uniform(*noise), self.ink.shape)[..., None]
        rgb += grey_noise + self.rng.normal(0, 1, rgb.shape)
        photo = Image.fromarray(rgb.round().clip(0, 255).astype(np.uint8))
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=int(self.rng.integers(75, 95)))
        return Image.open(file)


def line(distance, width):
    """Make the mask of a line of a width in pixels, from each pixel's distance (height, width) to its centre."""
    return np.clip(width / 2 + 0.5 - np.abs(distance), 0, 1)


def _write(image, height, pen):
    """Retrace a digit (28, 28) with a round pen: a mask with soft edges, `height` pixels high."""
    rows, columns = np.flatnonzero(image.max(axis=1) > 40), np.flatnonzero(image.max(axis=0) > 40)
    digit = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255, 2)
    large = ndimage.gaussian_filter(ndimage.zoom(digit, height / (digit.shape[0] - 4), order=3), height / 60)
    skeleton = skeletonize(large > 0.4)
    radius = pen * height / 2
    mask = np.pad(skeleton, int(radius) + 2)
    return np.clip(radius + 0.5 - ndimage.distance_transform_edt(~mask), 0, 1)
