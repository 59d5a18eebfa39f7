"""Measure how long reading and checking train.csv takes, compared with pandas alone, and the memory of each.

`python -m benchmarks.csv_reader [train.csv]` (default data/incoming/train.csv) prints the medians of five runs of each,
which alternate, and the peak memory of a process that reads once.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import pandas as pd

from digits.data import kaggle_csv

READERS: dict[str, Callable] = {
    "pandas": lambda path: pd.read_csv(path, dtype="uint8"),
    "checked": kaggle_csv.read_train,
}
MEASURE_MEMORY = """
import resource, sys
from benchmarks.csv_reader import READERS
READERS[sys.argv[1]](sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
RUNS = 5


def measure_seconds(reader: Callable, path: str) -> float:
    begin = time.perf_counter()
    reader(path)
    return time.perf_counter() - begin


def measure_memory(name: str, path: str) -> int:
    """Return the peak memory of a process that reads the file once, in MB."""
    command = [sys.executable, "-c", MEASURE_MEMORY, name, path]
    return int(subprocess.check_output(command, text=True)) // 1000


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "data/incoming/train.csv"
    memory = {name: measure_memory(name, path) for name in READERS}
    runs = [{name: measure_seconds(reader, path) for name, reader in READERS.items()} for _ in range(RUNS)]
    seconds = {name: statistics.median(run[name] for run in runs) for name in READERS}
    for name in READERS:
        print(f"{name:8}{seconds[name]:6.2f} s  {memory[name]:5} MB")
    print(f"ratio   {seconds['checked'] / seconds['pandas']:6.2f}")


if __name__ == "__main__":
    main()
