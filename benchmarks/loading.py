"""How long a program that loads Keras through digits/model/backend.py takes, as a multiple of one that loads it by itself.

`python -m benchmarks.loading` prints the medians of seven runs of each, in turns, from the start of the process to its end.
On two idle cores: 0.48 times.
"""

import os
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "ours": "import digits.model.backend",
    "Keras": "import keras, tensorflow; tensorflow.config.list_logical_devices()",
}
RUNS = 7


def measure(program):
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin


def main():
    runs = {name: [] for name in PROGRAMS}
    for _ in range(RUNS):
        for name, program in PROGRAMS.items():
            runs[name].append(measure(program))
    seconds = {name: statistics.median(done) for name, done in runs.items()}
    for name in runs:
        print(f"{name:6}{seconds[name]:6.2f} s")
    print(f"ratio {seconds['ours'] / seconds['Keras']:6.2f}")


if __name__ == "__main__":
    main()
