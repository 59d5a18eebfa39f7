"""Evaluating as many images as the competition has, and ten times as many."""

import json
import os
import re
import subprocess
import sys

import evaluated
import graph
import numpy as np
import pytest

from digits import arrays

pytestmark = pytest.mark.slow
EVALUATE = """
import sys

STARTS = "subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "socket.connect"
sys.addaudithook(lambda event, details: print("started", event, details) if event in STARTS else None)
from stages import evaluate
imported = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
evaluate.main()
print(sorted({"tensorflow", "keras", "jax", "torch"} & set(sys.modules)))
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(1024 * (peak - imported))
"""


def evaluate_alone(folder):
    """Run evaluate in a process of its own, which must neither start another one nor print a warning.

    Returns:
        the bytes of memory that it needs, without those of its imports.
    """
    environment = os.environ | {"PYTHONPATH": str(graph.ROOT)}
    ran = subprocess.run([sys.executable, "-c", EVALUATE], cwd=folder, env=environment, capture_output=True, text=True)
    *printed, memory = ran.stdout.splitlines()
    assert (ran.returncode, printed, ran.stderr) == (0, ["[]"], "")
    return int(memory)


def fill(folder, images, labels, members, error_rate):
    """Write what evaluate reads, with a tenth of the images held out and about `error_rate` misclassified."""
    random = np.random.default_rng(0)
    fold = np.resize(np.array([arrays.HELD_OUT, *range(9)], np.int8), len(labels))
    probabilities = evaluated.make_probabilities(labels)
    wrong = random.random(len(labels)) < error_rate
    probabilities[wrong] = random.permuted(probabilities[wrong], axis=1)
    evaluated.fill(folder, images, labels, fold, probabilities, members)


def test_a_report_on_the_competitions_images_is_smaller_than_8_mb_and_made_in_one_process(tmp_path, few_digits):
    images, labels = (np.tile(array, (210, *[1] * (array.ndim - 1))) for array in few_digits)
    images ^= np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)  # noise compresses worst as PNG
    fill(tmp_path, images, labels, members=range(9), error_rate=0.1)
    evaluate_alone(tmp_path)
    page = tmp_path / "reports/index.html"
    assert len(re.findall('<button class="misclassified"', page.read_text())) >= 90
    assert page.stat().st_size < 8_000_000
    assert json.loads((tmp_path / "reports/details.json").read_text())["oof_images"] == 37_800


def test_ten_times_the_competitions_images_are_evaluated_without_a_copy_of_the_images(tmp_path, few_digits):
    images, labels = (np.tile(array, (2100, *[1] * (array.ndim - 1))) for array in few_digits)
    fill(tmp_path, images, labels, members=[0], error_rate=1e-4)  # the sheet of 400 mistakes takes 360 MB of its own
    memory = evaluate_alone(tmp_path)
    assert json.loads((tmp_path / "reports/details.json").read_text())["oof_images"] == 378_000
    assert memory < 2.3 * images.nbytes, f"{memory / images.nbytes:.2f} times the size of the images"
