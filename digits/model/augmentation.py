"""Augmented batches: each image turned, scaled, sheared and moved a little, resampled once.

A draw depends on nothing but (seed, epoch, batch), so a training that is resumed sees what an unbroken one sees.
"""

import numpy as np

from digits.model.backend import keras

SIDE = 28
_PART = 32  # images that are resampled at a time: what they need stays in the processor's cache


def sample_affine(rng, count, rotate, zoom, shift, shear):
    """Draw where each output pixel takes its value from: an affine map about the image's centre.

    Each quantity is uniform between minus and plus its bound.

    Args:
        rng: numpy.random.Generator.
        count: how many.
        rotate: degrees.
        zoom: share of the size, for height and width apart.
        shift: pixels.
        shear: degrees, horizontally: slanted writing.

    Returns:
        points (2, count, 28, 28) float32: x and y in the input image, for each pixel of the output image.
    """
    turn, slant = np.deg2rad(rng.uniform(-1, 1, (2, count)) * [[rotate], [shear]])
    width, height = 1 + zoom * rng.uniform(-1, 1, (2, count))
    right, down = shift * rng.uniform(-1, 1, (2, count))
    cos, sin = np.cos(turn), np.sin(turn)
    # the inverse of: scale, then slant, then turn, then move
    to_x = np.stack([cos + np.tan(slant) * sin, sin - np.tan(slant) * cos]) / width
    to_y = np.stack([-sin, cos]) / height
    centre = (SIDE - 1) / 2
    grid = np.arange(SIDE, dtype=np.float32) - centre
    points = np.empty((2, count, SIDE, SIDE), np.float32)
    for point, (from_x, from_y) in zip(points, (to_x, to_y), strict=True):
        offset = centre - from_x * right - from_y * down
        across, along = (factor.astype(np.float32)[:, None] * grid for factor in (from_x, from_y))
        np.add(across[:, None, :], along[:, :, None] + offset.astype(np.float32)[:, None, None], out=point)
    return points


def resample(images, points):
    """Take from images (B, 28, 28) the values at `points` (2, B, 28, 28), x and y: (B, 28, 28) float32.

    Bilinear; black outside.
    """
    parts = [slice(start, start + _PART) for start in range(0, len(images), _PART)]
    return np.concatenate([_resample(images[part], points[:, part]) for part in parts])


def _resample(images, points):
    x, y = np.clip(points, -1, SIDE)
    left, top = np.floor(x), np.floor(y)
    right, down = x - left, y - top
    framed = np.zeros((len(images), SIDE + 3, SIDE + 3), np.float32)
    framed[:, 1:-2, 1:-2] = images
    row = SIDE + 3
    at = (np.arange(len(images))[:, None, None] * row + top.astype(np.int32) + 1) * row + left.astype(np.int32) + 1
    flat = framed.reshape(-1)
    upper = flat.take(at) * (1 - right) + flat.take(at + 1) * right
    lower = flat.take(at + row) * (1 - right) + flat.take(at + row + 1) * right
    return upper * (1 - down) + lower * down


class AugmentedBatches(keras.utils.PyDataset):
    """All batches of a training, epoch after epoch: item i is batch i % steps of epoch i // steps.

    An epoch passes once over the images, in a new order; its last batch is filled up with images of the next pass. Items
    are pairs of images (batch_size, 28, 28) float32 in 0–255 and one-hot labels (batch_size, 10) float32.
    """

    def __init__(self, images, labels, batch_size, epochs, seed, bounds, first_epoch=0):
        """Args:
        images: (N, 28, 28) uint8.
        labels: (N,) integers 0–9.
        seed: a sequence of non-negative integers.
        bounds: keyword arguments of `sample_affine`: rotate, zoom, shift, shear.
        first_epoch: where item 0 lies, for a training that is resumed.
        """
        super().__init__()
        self.images, self.targets = images, np.eye(10, dtype=np.float32)[labels]
        self.batch_size, self.epochs, self.first_epoch = batch_size, epochs, first_epoch
        self.seed, self.bounds = tuple(seed), bounds
        self.steps = -(-len(images) // batch_size)
        self._order = None, None

    def __len__(self):
        return self.steps * (self.epochs - self.first_epoch)

    def __getitem__(self, index):
        epoch, batch = divmod(index + self.first_epoch * self.steps, self.steps)
        chosen = self._epoch_order(epoch)[batch * self.batch_size : (batch + 1) * self.batch_size]
        rng = np.random.default_rng([*self.seed, epoch, 1 + batch])
        points = sample_affine(rng, len(chosen), **self.bounds)
        return resample(self.images[chosen], points), self.targets[chosen]

    def _epoch_order(self, epoch):
        if self._order[0] != epoch:
            rng = np.random.default_rng([*self.seed, epoch, 0])  # the batches have 1, 2, …
            passes = -(-self.steps * self.batch_size // len(self.images))
            self._order = epoch, np.concatenate([rng.permutation(len(self.images)) for _ in range(passes)])
        return self._order[1]
