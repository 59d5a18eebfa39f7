"""Compare the speed of training on augmented batches with that on unaugmented images in memory.

`python -m benchmarks.feeding` prints the medians of five alternating rounds on random images; no data is needed.
Three runs on two cores: 1,971 and 1,996 images/s, ratio 0.96 (0.94 to 1.03); 1,973 and 2,147 images/s, ratio 0.94 (0.90
to 0.99); on another machine 2,642 and 2,736 images/s, ratio 1.03 (0.94 to 1.34).
"""

import statistics
import time

import numpy as np

from benchmarks.recipes import RECIPES
from digits.model import augmentation, backend
from digits.model.backend import feed, keras

BATCHES = 80
ROUNDS = 5


def main():
    recipe = RECIPES["our-default"]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCHES * recipe.batch_size, 28, 28), dtype=np.uint8)
    labels = np.arange(len(images)) % 10
    backend.configure()
    keras.utils.set_random_seed(1)
    batches = augmentation.AugmentedBatches(images, labels, recipe.batch_size, 2 * ROUNDS, (1, 0), recipe.augment)
    model = recipe.build()
    recipe.compile_network(model, BATCHES * 2 * ROUNDS)
    memory = images.astype(np.float32), batches.targets
    feeds = {
        "in memory": lambda: model.fit(*memory, batch_size=recipe.batch_size, verbose=0),
        "augmented": lambda: model.fit(feed(batches), steps_per_epoch=BATCHES, shuffle=False, verbose=0),
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
