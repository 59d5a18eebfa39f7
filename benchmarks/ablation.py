"""What each part of our recipe is worth: `python -m benchmarks.ablation`.

data/incoming/train.csv → benchmarks/ablation.json, and from it a table in benchmarks/README.md

The recipe of params.yaml, and it with one part left out or in another way, three seeds each: every network learns from
one half of the folds, in a third of the epochs, and is judged on the other half. The held-out images are not looked at, so
that choices can be made on this table. Two networks are trained at once, since no times are taken. Stopped, it goes on.
"""

import argparse
import dataclasses
import json
import multiprocessing

from benchmarks import tables
from benchmarks.recipes import ours
from benchmarks.run import fingerprint
from benchmarks.train import BATCH, fit, read_folds
from digits import errors, files
from digits.data import arrays
from digits.model import ensemble
from digits.model.backend import keras

SEEDS = 1, 2, 3


def _with_adamw(recipe):
    def compile(network, steps):
        recipe.compile(network, steps)
        muon = network.optimizer
        adamw = keras.optimizers.AdamW(muon._learning_rate, weight_decay=muon.weight_decay)
        network.compile(adamw, network.loss, metrics=["accuracy"])

    return dataclasses.replace(recipe, compile=compile)


CHANGES = {
    "as params.yaml has it": {},
    "no augmentation": {"augment.rotate": 0, "augment.zoom": 0, "augment.shift": 0, "augment.shear": 0},
    "no label smoothing": {"regularization.label_smoothing": 0},
    "no dropout": {"network.dropout": 0},
    "no weight decay": {"regularization.weight_decay": 0},
    "batches of 128": {"batch_size": 128, "lr": 0.007},
    "half the width": {"network.width": 16},
}
RECIPES = {name: ours(changes) for name, changes in CHANGES.items()} | {
    "AdamW in place of Muon": _with_adamw(ours({"lr": 0.003}))
}


def measure(job):
    """Train (name, seed): the errors among the judged images, one answer each, and with moved copies averaged."""
    name, seed = job
    images, labels, fold = read_folds()
    learned, judged = (fold != arrays.HELD_OUT) & (fold < 5), fold >= 5
    recipe = RECIPES[name]
    network = fit(recipe, seed, images[learned], labels[learned], max(1, recipe.epochs // 3))
    single = network.predict(images[judged], batch_size=BATCH, verbose=0).argmax(axis=1)
    moved = ensemble.mean_probabilities([network], images[judged]).argmax(axis=1)
    wrong = [int((said != labels[judged]).sum()) for said in (single, moved)]
    return name, seed, {"images": int(judged.sum()), "errors": wrong[0], "errors_moved": wrong[1]}


def main():
    parser = argparse.ArgumentParser(description="Train our recipe with one part changed, and write what it is worth.")
    parser.add_argument("changes", nargs="*", metavar="CHANGE", help=f"some of: {', '.join(RECIPES)} (default: all)")
    names = parser.parse_args().changes or list(RECIPES)
    if unknown := set(names) - set(RECIPES):
        raise errors.InputError(f"no change is called {unknown.pop()!r}; there are: {', '.join(RECIPES)}")
    read_folds()  # whatever is wrong with the data is said before anything is trained

    results = json.loads(tables.ABLATION.read_text()) if tables.ABLATION.exists() else {}
    for name, recipe in RECIPES.items():
        described = fingerprint(recipe)
        if results.get(name, {}).get("fingerprint") != described:
            results[name] = {"fingerprint": described, "networks": {}}
    results = {name: results[name] for name in RECIPES}
    jobs = [(name, seed) for seed in SEEDS for name in names if str(seed) not in results[name]["networks"]]
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        for name, seed, measured in pool.imap_unordered(measure, jobs):
            results[name]["networks"][str(seed)] = measured
            files.write_json(tables.ABLATION, results)
            print(f"{name}, seed {seed}: {measured}", flush=True)
    print(tables.ablation_table(results))
    tables.write_ablation(results)


if __name__ == "__main__":
    errors.run(main)
