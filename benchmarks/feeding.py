"""How fast training goes on augmented batches, as a multiple of training on unaugmented images in memory.

`python -m benchmarks.feeding` prints the median of five rounds, the two in turns, on random images; no data is needed.
On two idle but noisy cores, in three runs: 1,971 against 1,996 images/s, ratio 0.96 (0.94 to 1.03); 1,973 against 2,147,
ratio 0.94 (0.90 to 0.99); and on another machine 2,642 against 2,736, ratio 1.03 (0.94 to 1.34).
"""

import statistics
import time

import numpy as np

from benchmarks.recipes import RECIPES
from digits.model import augmentation, backend
from digits.model.backend import feed

BATCHES = 80
ROUNDS = 5


def main():
    recipe = RECIPES["our-default"]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCHES * recipe.batch_size, 28, 28), dtype=np.uint8)
    labels = np.arange(len(images)) % 10
    backend.make_repeatable(1)
    batches = augmentation.AugmentedBatches(images, labels, recipe.batch_size, 2 * ROUNDS, (1, 0), recipe.augment)
    network = recipe.build()
    recipe.compile(network, BATCHES * 2 * ROUNDS)
    memory = images.astype(np.float32), batches.targets
    feeds = {
        "in memory": lambda: network.fit(*memory, batch_size=recipe.batch_size, verbose=0),
        "augmented": lambda: network.fit(feed(batches), steps_per_epoch=BATCHES, shuffle=False, verbose=0),
    }
    for train in feeds.values():
        train()  # builds the graph
    speeds = {name: [] for name in feeds}
    for _ in range(ROUNDS):
        for name, train in feeds.items():
            begin = time.perf_counter()
            train()
            speeds[name].append(len(images) / (time.perf_counter() - begin))
    for name, speed in speeds.items():
        print(f"{name:10}{statistics.median(speed):7,.0f} images/s")
    ratios = [augmented / memory for memory, augmented in zip(*speeds.values(), strict=True)]
    print(f"ratio     {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
