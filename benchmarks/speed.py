"""Estimate how long each recipe trains, relative to Deotte's: `python -m benchmarks.speed`.

It trains each recipe on random images for some steps, in turns, and prints the median images per second of five rounds,
and the time of the recipe's epochs as a fraction of that of Deotte's. No data is needed. It takes minutes where
`make bench` takes hours, and leaves out the start of a training and the evaluations.
"""

import argparse
import statistics
import time

import numpy as np

from benchmarks.recipes import RECIPES
from digits.model import augmentation, backend
from digits.model.backend import feed, keras

IMAGES = 6400  # of each recipe in each round
ROUNDS = 5
REFERENCE = "deotte"


def main():
    parser = argparse.ArgumentParser(description="Estimate how long each recipe trains, relative to Deotte's.")
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), choices=RECIPES)
    names = [REFERENCE, *(name for name in parser.parse_args().recipes if name != REFERENCE)]
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (IMAGES, 28, 28), dtype=np.uint8), np.arange(IMAGES) % 10
    trainings = {name: _prepare(RECIPES[name], images, labels) for name in names}
    seconds = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, train in trainings.items():
            begin = time.perf_counter()
            train()
            seconds[name].append(time.perf_counter() - begin)
    reference = np.array(seconds[REFERENCE]) * RECIPES[REFERENCE].epochs
    for name in names:
        ratios = np.array(seconds[name]) * RECIPES[name].epochs / reference
        speed = IMAGES / statistics.median(seconds[name])
        low, middle, high = np.quantile(ratios, [0, 0.5, 1])
        print(f"{name:14}{speed:7,.0f} images/s   {middle:7.1%} of {REFERENCE}'s time ({low:.1%} to {high:.1%})")


def _prepare(recipe, images, labels):
    """Build a recipe's network and its graph; return a function that trains it on all images once."""
    backend.configure(precision=recipe.precision)
    keras.utils.set_random_seed(1)
    batches = augmentation.AugmentedBatches(images, labels, recipe.batch_size, ROUNDS + 1, (1, 0), recipe.augment)
    model = recipe.build()
    recipe.compile_network(model, batches.steps * (ROUNDS + 1))

    def train():
        model.fit(feed(batches), steps_per_epoch=batches.steps, shuffle=False, verbose=0)

    train()
    return train


if __name__ == "__main__":
    main()
