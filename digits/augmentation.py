"""Augmented batches: each image turned, scaled, sheared and moved a little, resampled once.

A draw depends on nothing but (seed, epoch, batch), so a training that is resumed sees what an unbroken one sees.
"""

import numpy as np

from digits.backend import keras


def draw_matrices(rng, count, rotate, zoom, shift, shear, side=28):
    """Draw affine maps from output to input pixels, composed about the image's centre.

    Each quantity is uniform between minus and plus its bound.

    Args:
        rng: numpy.random.Generator.
        count: how many.
        rotate: degrees.
        zoom: share of the size, for height and width apart.
        shift: pixels.
        shear: degrees, horizontally: slanted writing.
        side: of the images, pixels.

    Returns:
        (count, 8) float32, the rows a0 a1 a2 b0 b1 b2 0 0 of `keras.ops.image.affine_transform`: output pixel (x, y)
        takes its value from input point (a0·x + a1·y + a2, b0·x + b1·y + b2).
    """
    turn, slant = np.deg2rad(rng.uniform(-1, 1, (2, count)) * [[rotate], [shear]])
    width, height = 1 + zoom * rng.uniform(-1, 1, (2, count))
    right, down = shift * rng.uniform(-1, 1, (2, count))
    cos, sin = np.cos(turn), np.sin(turn)
    # the inverse of: scale, then slant, then turn, then move
    a0, a1 = (cos + np.tan(slant) * sin) / width, (sin - np.tan(slant) * cos) / width
    b0, b1 = -sin / height, cos / height
    centre = (side - 1) / 2
    x, y = centre + right, centre + down
    a2, b2 = centre - a0 * x - a1 * y, centre - b0 * x - b1 * y
    zero = np.zeros(count)
    return np.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1).astype(np.float32)


def transform(images, matrices):
    """Resample images (B, 28, 28) by `matrices` (B, 8), bilinear, black outside: (B, 28, 28) float32."""
    images = keras.ops.cast(images, "float32")[..., None]
    return keras.ops.image.affine_transform(images, matrices, interpolation="bilinear", fill_mode="constant")[..., 0]


class AugmentedBatches(keras.utils.PyDataset):
    """All batches of a training, epoch after epoch: item i is batch i % steps of epoch i // steps.

    An epoch passes over the images in a new order, and over a small set several times, until it has shown at least
    `epoch_images`. Items are pairs of images (batch_size, 28, 28) float32 in 0–255 and one-hot labels
    (batch_size, 10) float32.
    """

    def __init__(self, images, labels, batch_size, epochs, epoch_images, seed, bounds, first_epoch=0):
        """Args:
        images: (N, 28, 28) uint8.
        labels: (N,) integers 0–9.
        seed: a sequence of non-negative integers.
        bounds: keyword arguments of `draw_matrices`: rotate, zoom, shift, shear.
        first_epoch: where item 0 lies, for a training that is resumed.
        """
        super().__init__()
        self.images, self.targets = images, np.eye(10, dtype=np.float32)[labels]
        self.batch_size, self.epochs, self.first_epoch = batch_size, epochs, first_epoch
        self.seed, self.bounds = tuple(seed), bounds
        self.steps = -(-max(len(images), epoch_images) // batch_size)
        self._order = None, None

    def __len__(self):
        return self.steps * (self.epochs - self.first_epoch)

    def __getitem__(self, index):
        epoch, batch = divmod(index + self.first_epoch * self.steps, self.steps)
        chosen = self._epoch_order(epoch)[batch * self.batch_size : (batch + 1) * self.batch_size]
        rng = np.random.default_rng([*self.seed, epoch, 1 + batch])
        matrices = draw_matrices(rng, len(chosen), **self.bounds)
        return transform(self.images[chosen], matrices), self.targets[chosen]

    def _epoch_order(self, epoch):
        if self._order[0] != epoch:
            rng = np.random.default_rng([*self.seed, epoch, 0])  # the batches have 1, 2, …
            passes = -(-self.steps * self.batch_size // len(self.images))
            self._order = epoch, np.concatenate([rng.permutation(len(self.images)) for _ in range(passes)])
        return self._order[1]
