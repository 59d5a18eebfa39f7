"""Measure what a Ray cluster and several search processes cost: `python -m benchmarks.cluster`.

It trains members of the sample in processes of this machine and on one and two nodes, which are on this machine too,
and then searches twelve tiny trials with one, two and four processes. It prints three Markdown tables: where the time
of a member goes, the wall times, and those of the search. With fewer than four cores, two nodes or four processes
compete for them. Run it on an idle machine; it takes about ten minutes on two cores.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from digits import arrays, cluster
from digits.data import sources, splits
from digits.settings import Settings

ROOT = Path(__file__).parent.parent
STEPS = (
    "Python, and the images",
    "import of Ray",
    "connection; the code is sent",
    "a process on the node",
    "import of TensorFlow and Keras",
    "training",
    "the model is returned; exit",
)
SPACE = {"lr": {"low": 0.001, "high": 0.05, "log": True}, "augment.rotate": {"low": 0, "high": 20}}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a Ray cluster and several search processes cost.")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)  # member, time at which its process was started
    arguments = parser.parse_args()
    settings = Settings(epochs=arguments.epochs).model_dump()
    if arguments.train:
        member, began = arguments.train
        print("TIMES", json.dumps([float(began), *_train(int(member), settings)]))
        return

    os.environ.pop("RAY_ADDRESS", None)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        images, labels, _, _ = sources.load_sample()
        fold = splits.assign_folds(images, labels, 0.1, 10, seed=1)
        arrays.save(arrays.LABELLED, images=images, labels=labels, fold=fold)
        members, steps = _measure_members(arguments.members, arguments.epochs)
        arrays.save(arrays.LABELLED, images=images[::10], labels=labels[::10], fold=fold[::10])
        searches = [(f"{jobs} process{'es' * (jobs > 1)}", _measure_search(jobs)) for jobs in (1, 2, 4)]

    print(f"\n{arguments.epochs} epochs; {os.cpu_count()} cores in all\n")
    print("| seconds of one member | here | on a node |\n|---|---:|---:|")
    for name, *seconds in zip(STEPS, *steps, strict=True):
        print(f"| {name} | {seconds[0]:.1f} | {seconds[1]:.1f} |")
    for title, rows in ("wall time", members), ("twelve tiny trials", searches):
        print(f"\n| {title} | seconds |\n|---|---:|")
        for name, wall in rows:
            print(f"| {name} | {wall:.0f} |")


def _measure_members(members, epochs):
    """Return rows (name, seconds of wall time), and the seconds of each step here and on a node."""
    wall, here = _run([0], epochs)
    rows = [("one member, here", wall)]
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        os.environ["RAY_ADDRESS"] = nodes.address
        nodes.add_node(num_cpus=2)
        wall, there = _run([0], epochs)
        rows.append(("one member, on a node of two CPUs", wall))
        rows.append((f"{members} members, one node", _run(range(members), epochs)[0]))
        nodes.add_node(num_cpus=2)
        rows.append((f"{members} members, two nodes", _run(range(members), epochs)[0]))
    finally:
        nodes.shutdown()
        del os.environ["RAY_ADDRESS"]
    return rows, (here, there)


def _run(members, epochs):
    """Train members at the same time, each in a process as `make members` does.

    Returns:
        seconds of wall time, and the seconds of the first member's steps.
    """
    command = [sys.executable, "-m", "benchmarks.cluster", f"--epochs={epochs}", "--train"]
    began = time.time()
    running = [
        subprocess.Popen(
            [*command, str(member), str(time.time())],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for member in members
    ]
    outputs = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        sys.exit("a training failed:\n" + "".join(outputs))
    times = json.loads(outputs[0].split("TIMES")[1])
    steps = [end - start for start, end in zip(times, [*times[1:], time.time()], strict=True)]
    return time.time() - began, steps


def _train(member, settings):
    """Train a member as stages.train does, and return the times at which the steps end."""
    data = arrays.load_labelled()
    times = [time.time()]
    if os.environ.get("RAY_ADDRESS"):
        import ray  # noqa: F401

        times.append(time.time())
        cluster._connect(os.environ["RAY_ADDRESS"])
        times.append(time.time())
    else:
        times += times * 2
    return times[:3] + cluster.run(_timed, data, member, settings, threads=settings["compute"]["threads"])


def _timed(data, member, settings):
    """Run on the node: as this file is the main program, Ray sends the function itself."""
    times = [time.time()]
    from digits.model import training

    times.append(time.time())
    training.train_member(data, member, settings, Path(tempfile.mkdtemp()) / "checkpoint.npz")
    return [*times, time.time()]


def _measure_search(jobs):
    """Return the seconds of a search with so many processes."""
    shutil.rmtree(".work", ignore_errors=True)
    shutil.copy(ROOT / "dvc.yaml", ".")
    params = Settings(epochs=1, network={"width": 2}, compute={"threads": 1}).model_dump()
    Path("params.yaml").write_text(yaml.safe_dump(params))
    Path("search.yaml").write_text(yaml.safe_dump({"trials": 12, "folds": 2, "seed": 1, "space": SPACE}))
    began = time.time()
    subprocess.run(
        [sys.executable, "-m", "digits.search", f"--jobs={jobs}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=sys.stderr,
        check=True,
    )
    return time.time() - began


if __name__ == "__main__":
    main()
