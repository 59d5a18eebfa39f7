"""Augmented batches: each image rotated, zoomed, shifted and sheared at random, and resampled once.

The random numbers depend on (seed, epoch, batch) alone, so a resumed training gets the same batches as an
uninterrupted one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SIDE = 28
_CHUNK = 32  # images resampled at a time, so that the intermediate arrays stay in the processor's cache

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


def sample_affine(
    rng: np.random.Generator, count: int, rotate: float, zoom: float, shift: float, shear: float
) -> NDArray[np.float32]:
    """Sample affine maps about the image's centre, as the input point of each output pixel.

    Each quantity is uniform between minus and plus its bound.

    Args:
        rng: the random generator.
        count: number of maps.
        rotate: degrees.
        zoom: fraction of the size, for height and width independently.
        shift: pixels.
        shear: degrees, horizontal, as in slanted handwriting.

    Returns:
        points (2, count, 28, 28): x and y in the input image, for each pixel of the output image.
    """
    rotation, shearing = np.deg2rad(rng.uniform(-1, 1, (2, count)) * [[rotate], [shear]])
    width, height = 1 + zoom * rng.uniform(-1, 1, (2, count))
    right, down = shift * rng.uniform(-1, 1, (2, count))
    cos, sin = np.cos(rotation), np.sin(rotation)
    # the inverse of: zoom, then shear, then rotate, then shift
    to_x = np.stack([cos + np.tan(shearing) * sin, sin - np.tan(shearing) * cos]) / width
    to_y = np.stack([-sin, cos]) / height
    centre = (SIDE - 1) / 2
    grid = np.arange(SIDE, dtype=np.float32) - centre
    points = np.empty((2, count, SIDE, SIDE), np.float32)
    for point, (from_x, from_y) in zip(points, (to_x, to_y), strict=True):
        offset = centre - from_x * right - from_y * down
        across, along = (factor.astype(np.float32)[:, None] * grid for factor in (from_x, from_y))
        np.add(across[:, None, :], along[:, :, None] + offset.astype(np.float32)[:, None, None], out=point)
    return points


def resample(images: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate images (B, 28, 28) bilinearly at `points` (2, B, 28, 28), x and y; black outside the image.

    64 images take 0.29 ms; `keras.ops.image.affine_transform` takes 0.60 ms, with a difference of at most 0.009 grey
    levels.

    Returns:
        images (B, 28, 28) in 0–255.
    """
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(images), _CHUNK)]
    return np.concatenate([_resample(images[chunk], points[:, chunk]) for chunk in chunks])


def _resample(images, points):
    x, y = np.clip(points, -1, SIDE)
    left, top = np.floor(x), np.floor(y)
    right, down = x - left, y - top
    padded = np.zeros((len(images), SIDE + 3, SIDE + 3), np.float32)
    padded[:, 1:-2, 1:-2] = images
    row = SIDE + 3
    at = (np.arange(len(images))[:, None, None] * row + top.astype(np.int32) + 1) * row + left.astype(np.int32) + 1
    flat = padded.reshape(-1)
    upper = flat.take(at) * (1 - right) + flat.take(at + 1) * right
    lower = flat.take(at + row) * (1 - right) + flat.take(at + row + 1) * right
    return upper * (1 - down) + lower * down


class AugmentedBatches(Sequence[Batch]):
    """The batches of a whole training: item i is batch i % steps of epoch i // steps.

    Each epoch takes every image once, in a new order, and fills up its last batch with images of a further pass. An
    item is images (batch_size, 28, 28) float32 in 0–255 and one-hot labels (batch_size, 10) float32.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.integer],
        batch_size: int,
        epochs: int,
        seed: Sequence[int],
        bounds: Mapping[str, float],
        first_epoch: int = 0,
    ):
        """Store the training images (N, 28, 28) and their labels (N,) of 0–9.

        Args:
            images: pixels of 0–255.
            labels: digits.
            batch_size: images of each batch.
            epochs: epochs of the whole training.
            seed: non-negative integers.
            bounds: the keyword arguments of `sample_affine`: rotate, zoom, shift, shear.
            first_epoch: the epoch of item 0, for a resumed training.
        """
        self.images, self.targets = images, np.eye(10, dtype=np.float32)[labels]
        self.batch_size, self.epochs, self.first_epoch = batch_size, epochs, first_epoch
        self.seed, self.bounds = tuple(seed), bounds
        self.steps = -(-len(images) // batch_size)
        self._order: tuple[int, NDArray[np.integer]] = (-1, np.empty(0, np.int64))

    def __len__(self) -> int:
        return self.steps * (self.epochs - self.first_epoch)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        epoch, batch = divmod(index + self.first_epoch * self.steps, self.steps)
        chosen = self._epoch_order(epoch)[batch * self.batch_size : (batch + 1) * self.batch_size]
        rng = np.random.default_rng([*self.seed, epoch, 1 + batch])
        points = sample_affine(rng, len(chosen), **self.bounds)
        return resample(self.images[chosen], points), self.targets[chosen]

    def _epoch_order(self, epoch):
        if self._order[0] != epoch:
            rng = np.random.default_rng([*self.seed, epoch, 0])  # the batches use 1, 2, …
            passes = -(-self.steps * self.batch_size // len(self.images))
            self._order = epoch, np.concatenate([rng.permutation(len(self.images)) for _ in range(passes)])
        return self._order[1]
