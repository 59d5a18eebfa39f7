"""Measure what each part of our recipe gains: `python -m benchmarks.ablation`.

data/incoming/train.csv → benchmarks/ablation.json, and from it a table in benchmarks/README.md

It trains the recipe of params.yaml and variants with one part removed or changed, with three seeds each. A network is
trained on half of the folds, for a third of the epochs, and evaluated on the other half. The held-out images are not
used, so this table may decide about settings. Two networks train at once, since no times are taken. A stopped run
continues.
"""

import argparse
import dataclasses
import json
import math
import multiprocessing

from benchmarks import tables
from benchmarks.recipes import ours
from benchmarks.run import fingerprint
from benchmarks.train import BATCH, fit, read_folds
from digits import arrays, errors, files
from digits.model import prediction
from digits.model.backend import keras

SEEDS = 1, 2, 3


def _with_adamw(recipe):
    def compile_network(model, steps):
        recipe.compile_network(model, steps)
        muon = model.optimizer
        adamw = keras.optimizers.AdamW(muon._learning_rate, weight_decay=muon.weight_decay)
        model.compile(adamw, model.loss, metrics=["accuracy"])

    return dataclasses.replace(recipe, compile_network=compile_network)


CHANGES = {
    "as params.yaml has it": {},
    "no augmentation": {"augment.rotate": 0, "augment.zoom": 0, "augment.shift": 0, "augment.shear": 0},
    "no label smoothing": {"regularization.label_smoothing": 0},
    "no dropout": {"network.dropout": 0},
    "no weight decay": {"regularization.weight_decay": 0},
    "batches of 64": {"batch_size": 64, "lr": 0.006},
    "half the width": {"network.width": 16},
}
RECIPES = {name: ours(changes) for name, changes in CHANGES.items()} | {
    "AdamW in place of Muon": _with_adamw(ours({"lr": 0.003}))
}


def measure(job):
    """Train (name, seed), and count the errors on the validation images without and with test-time augmentation."""
    name, seed = job
    images, labels, fold = read_folds()
    train_mask, val_mask = (fold != arrays.HELD_OUT) & (fold < 5), fold >= 5
    recipe = RECIPES[name]
    model = fit(recipe, seed, images[train_mask], labels[train_mask], max(1, recipe.epochs // 3))
    single = model.predict(images[val_mask], batch_size=BATCH, verbose=0).argmax(axis=1)
    augmented = prediction.predict(model, images[val_mask], tta_below=math.inf).argmax(axis=1)
    wrong = [int((predicted != labels[val_mask]).sum()) for predicted in (single, augmented)]
    return name, seed, {"images": int(val_mask.sum()), "errors": wrong[0], "errors_moved": wrong[1]}


def main():
    parser = argparse.ArgumentParser(description="Train our recipe with one part changed, and write the errors.")
    parser.add_argument("changes", nargs="*", metavar="CHANGE", help=f"some of: {', '.join(RECIPES)} (default: all)")
    names = parser.parse_args().changes or list(RECIPES)
    if unknown := set(names) - set(RECIPES):
        raise errors.InputError(f"no change is called {unknown.pop()!r}; there are: {', '.join(RECIPES)}")
    read_folds()  # checks the data before the first training

    results = json.loads(tables.ABLATION.read_text()) if tables.ABLATION.exists() else {}
    for name, recipe in RECIPES.items():
        current = fingerprint(recipe)
        if results.get(name, {}).get("fingerprint") != current:
            results[name] = {"fingerprint": current, "networks": {}}
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
