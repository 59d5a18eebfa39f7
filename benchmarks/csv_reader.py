"""How long our checked reading of train.csv takes, as a multiple of pandas' unchecked one, and the memory of each.

`python -m benchmarks.csv_reader [train.csv]` (default data/incoming/train.csv) prints the medians of five runs of each,
in turns, every run in a process of its own. On two idle cores, on the competition's 77 MB: 0.60 times pandas, 126 MiB
against 338 MiB.
"""

import statistics
import subprocess
import sys

OURS = "from digits import kaggle_csv; read = kaggle_csv.read_train"
PANDAS = "import pandas; read = lambda path: pandas.read_csv(path, dtype='uint8')"
MEASURE = """
import resource, sys, time
{setup}
begin = time.perf_counter()
read(sys.argv[1])
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
RUNS = 5


def measure(setup, path):
    program = MEASURE.format(setup=setup)
    return map(float, subprocess.check_output([sys.executable, "-c", program, path], text=True).split())


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "data/incoming/train.csv"
    runs = {"ours": [], "pandas": []}
    for _ in range(RUNS):
        for name, setup in (("ours", OURS), ("pandas", PANDAS)):
            runs[name].append(tuple(measure(setup, path)))
    seconds = {name: statistics.median(run[0] for run in done) for name, done in runs.items()}
    for name, done in runs.items():
        print(f"{name:7}{seconds[name]:6.2f} s  {max(run[1] for run in done):5.0f} MiB")
    print(f"ratio  {seconds['ours'] / seconds['pandas']:6.2f}")


if __name__ == "__main__":
    main()
