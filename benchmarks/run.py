"""Train the recipes one after another and write their results: `make bench`, or `python -m benchmarks.run --help`.

data/incoming/train.csv → benchmarks/results.json, and from it the tables of benchmarks/README.md and
benchmarks/accuracy.png

A network that this machine has trained before, for this or another recipe with the same fingerprint, is not trained
again: a run that was stopped continues after its last finished network. Results without probabilities in
.work/benchmark/ were measured on another machine and are dropped, so that a table describes one machine.
The whole run takes hours on two cores, which should do nothing else meanwhile.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import tables
from benchmarks.recipes import RECIPES
from benchmarks.train import read_split
from digits import errors, files
from digits.model import augmentation, backend, optimizer
from digits.model.backend import keras

SCRATCH = Path(".work/benchmark")
QUICK = SCRATCH / "quick/results.json"


def peak_gflops(side=4096, times=3):
    """Measure the processor's peak in GFLOP/s: the fastest of several products of two float32 matrices.

    It uses Keras's backend, as the trainings do; NumPy's product takes twice as long.
    """
    backend.configure()
    left, right = map(keras.ops.convert_to_tensor, np.random.default_rng(0).random((2, side, side), dtype=np.float32))
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        keras.ops.convert_to_numpy(keras.ops.matmul(left, right))
        seconds.append(time.perf_counter() - begin)
    return round(2 * side**3 / min(seconds) / 1e9)


def fingerprint(recipe):
    """Hash a recipe: its layers, optimizer, loss, epochs, batch size and augmentation."""
    keras.utils.clear_session()
    keras.config.set_dtype_policy(recipe.precision)
    model = recipe.build()
    recipe.compile_network(model, 1000)
    loss = model.loss if isinstance(model.loss, str) else model.loss.get_config()
    parts = [model.to_json(), model.optimizer.get_config(), loss, recipe.epochs, recipe.batch_size, recipe.augment]
    code = [Path(module.__file__).read_text() for module in (augmentation, optimizer)]
    content = json.dumps([*parts, *code], default=str, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def machine():
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "peak_gflops": peak_gflops(),
        "python": platform.python_version(),
        "keras": keras.__version__,
    }


def _processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def train(name, seed, folder, *options):
    """Train one network in a process of its own, which has its own peak memory, and return the measurements."""
    out = folder / f"{name}-{seed}"
    command = [sys.executable, "-m", "benchmarks.train", name, seed, out, *options]
    subprocess.run(command, check=True)
    return json.loads(Path(f"{out}.json").read_text()) | {"probabilities": f"{out}.npy"}


def measured_here(recipes):
    """Drop the networks whose probabilities are not on this machine, and the recipes that have no others."""
    kept = {}
    for name, done in recipes.items():
        networks = {
            seed: network for seed, network in done["networks"].items() if Path(network["probabilities"]).exists()
        }
        if networks:
            kept[name] = done | {"networks": networks}
    return kept


def find_twin(recipes, wanted, seed):
    """Return the measurements of a network with the same fingerprint and seed, or None."""
    networks = (done["networks"].get(seed) for done in recipes.values() if done["fingerprint"] == wanted)
    return next((network for network in networks if network), None)


def averaged(networks, labels):
    """Average the networks of the first 1, 2, … seeds: [[seconds to train all of them, accuracy], …]."""
    timed = [network["seconds"] for network in networks.values() if "seconds" in network]
    curve, total = [], 0.0
    for count, seed in enumerate(sorted(networks, key=int), start=1):
        total = total + np.load(networks[seed]["probabilities"])
        seconds = round(count * statistics.mean(timed), 2) if timed else None
        curve.append([seconds, round(float((total.argmax(axis=1) == labels).mean()), 6)])
    return curve


def main():
    parser = argparse.ArgumentParser(description="Train the recipes and write their results.")
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"some of: {', '.join(RECIPES)} (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="networks of each recipe, at least (default: 3)")
    parser.add_argument(
        "--quick", action="store_true", help="one network each, a tenth of the epochs, results not kept"
    )
    parser.add_argument("--untimed", action="store_true", help="measure no times, on a machine that is busy")
    arguments = parser.parse_args()
    unknown = set(arguments.recipes) - set(RECIPES)
    if unknown:
        raise errors.InputError(f"no recipe is called {unknown.pop()!r}; there are: {', '.join(RECIPES)}")
    _, labels, train_mask = read_split()

    path = QUICK if arguments.quick else tables.RESULTS
    folder = path.parent if arguments.quick else SCRATCH
    folder.mkdir(parents=True, exist_ok=True)
    results = json.loads(path.read_text()) if path.exists() and not arguments.quick else {"recipes": {}}
    results = {"machine": machine(), "recipes": measured_here(results["recipes"])}
    options = ["--quick"] * arguments.quick + ["--untimed"] * arguments.untimed
    for name in arguments.recipes or RECIPES:
        recipe = RECIPES[name]
        current = fingerprint(recipe)
        done = results["recipes"].get(name, {})
        if done.get("fingerprint") != current:
            done = {"fingerprint": current, "networks": {}}
        for seed in map(str, range(1, 2 if arguments.quick else 1 + max(arguments.seeds, recipe.networks))):
            if seed in done["networks"]:
                continue
            twin = find_twin(results["recipes"], current, seed)
            if twin is None:
                print(f"\n{name}, network {seed}", flush=True)
            done["networks"][seed] = twin or train(name, seed, folder, *options)
            done["averaged"] = averaged(done["networks"], labels[~train_mask])
            results["recipes"][name] = done
            files.write_json(path, results)
    print(tables.recipes_table(results))
    if not arguments.quick:
        tables.write(results)


if __name__ == "__main__":
    errors.run(main)
