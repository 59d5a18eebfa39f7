"""Measure what a member costs on a Ray cluster: `python -m benchmarks.cluster --members 4 --epochs 4`.

It starts one node and then a second one on this machine, trains members of the sample here, on one node and on two, and
prints two Markdown tables: the wall times, and what is transferred. Both nodes share the cores of this machine: with
fewer than twice --cpus of them, two nodes are no faster than one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from digits.cluster import remote
from digits.data import arrays, sources, splits
from stages import train

ROOT = Path(__file__).parent.parent
MEMBER = """
import json, sys
from pathlib import Path
from digits import arrays
if sys.argv[1] == "here":
    from digits.model.training import train_member
else:
    from digits.cluster.remote import train_member
data = arrays.load_labelled("data/prepared/labelled.npz")
work = Path(sys.argv[2])
work.mkdir()
trained = train_member(data, int(sys.argv[3]), json.loads(sys.argv[4]), work)
print(len(trained.model))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a member costs on a Ray cluster.")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--cpus", type=int, default=os.cpu_count(), help="of each node")
    arguments = parser.parse_args()
    settings = train.Params.load(ROOT / "params.yaml").model_dump() | {"epochs": arguments.epochs}
    threads = settings["compute"]["threads"]

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        data = _write_sample(arguments.members)
        here, size = _train([0], settings, "here")
        rows = [("one member, in a process of this machine", here)]

        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        try:
            os.environ["RAY_ADDRESS"] = cluster.address
            for nodes in (1, 2):
                cluster.add_node(num_cpus=arguments.cpus)
                if nodes == 1:
                    one, _ = _train([0], settings, "cluster")
                    rows.append(("one member, on a node", one))
                wall, _ = _train(range(arguments.members), settings, "cluster")
                rows.append((f"{arguments.members} members, {nodes} node{'s' * (nodes > 1)}", wall))
        finally:
            cluster.shutdown()

    print(f"\n{arguments.epochs} epochs, nodes of {arguments.cpus} CPUs, {threads} for each member\n")
    print("| | seconds |\n|---|---:|")
    for name, seconds in [*rows, ("overhead of a member: the difference of the first two", one - here)]:
        print(f"| {name} | {seconds:.0f} |")
    code = sum(path.stat().st_size for path in (ROOT / "digits").rglob("*") if path.suffix in (".py", ".html"))
    images = sum(array.nbytes for array in data)
    print("\n| transferred | MB |\n|---|---:|")
    print(f"| images, to each node once | {images / 1e6:.1f} |")
    print(f"| code, to each node once | {code / 1e6:.1f} |")
    print(f"| model, from each member | {size / 1e6:.1f} |")


def _write_sample(members: int) -> arrays.Labelled:
    images, labels, _, _ = sources.load_sample()
    data = arrays.Labelled(images, labels, splits.assign_folds(images, labels, 0.1, max(2, members), seed=1))
    arrays.save("data/prepared/labelled.npz", **data._asdict())
    return data


def _train(members, settings, where):
    """Train members at the same time, each in a process as `make members` does; return seconds and a model's bytes."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work, remote.shared_images() if where == "cluster" else nullcontext():
        running = [
            subprocess.Popen(
                [sys.executable, "-c", MEMBER, where, f"{work}/{member}", str(member), json.dumps(settings)],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                text=True,
            )
            for member in members
        ]
        outputs = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        sys.exit("a training failed:\n" + "".join(outputs))
    return time.monotonic() - began, int(outputs[0].split()[-1])


if __name__ == "__main__":
    main()
