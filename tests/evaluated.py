"""Working folders with everything that evaluate reads, made from known predictions, and parts of their reports."""

import re
from contextlib import chdir

import numpy as np
import yaml

from digits import arrays, files
from digits.settings import Settings
from stages import evaluate

TRAINING = {"python": "3.11.9", "keras": "3.15.1", "device": "CPU", "threads": 2, "precision": "float32"}
TRAINING |= {"parameters": 1234, "batch_size": 32, "temperature": 0.625}


def make_probabilities(labels, wrong=()):
    """Make probabilities (N, 10) float32 with 0.82 for the label, and for the next digit at the places `wrong`."""
    probabilities = np.full((len(labels), 10), 0.02, np.float32)
    probabilities[np.arange(len(labels)), labels] = 0.82
    probabilities[list(wrong)] = np.roll(probabilities[list(wrong)], 1, axis=1)
    return probabilities


def fill(folder, images, labels, fold, probabilities, members=(0,), epochs=3):
    """Write what the stages before evaluate would have written into `folder`."""
    settings = Settings(members=list(members)).model_dump()
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    arrays.save(folder / arrays.LABELLED, images=images, labels=labels, fold=fold)
    for member in members:
        parts = {"fold": probabilities[fold == member], "held_out": probabilities[fold == arrays.HELD_OUT]}
        unlabelled = make_probabilities(np.repeat([7, 8], [3, 1]))
        arrays.save(folder / arrays.predictions_path(member), **parts, unlabelled=unlabelled)
        write_training(folder, member, epochs)


def write_training(folder, member, epochs=3, **details):
    path = folder / f"reports/training/member-{member}"
    losses = [2.0**-epoch for epoch in range(epochs)]
    rows = [(epoch, 1 - loss / 8, loss, 1 - loss / 9, loss, 0.01) for epoch, loss in enumerate(losses, start=1)]
    header = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"]
    files.write_csv(path.with_suffix(".csv"), header, rows)
    files.write_json(path.with_suffix(".json"), TRAINING | details)


def evaluate_in(folder):
    """Run evaluate there and return the report."""
    with chdir(folder):
        evaluate.main()
    return (folder / "reports/index.html").read_text(encoding="utf-8")


def text_of(html):
    """The text of a part of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def section(page, name):
    """The text of a section."""
    return text_of(re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1])
