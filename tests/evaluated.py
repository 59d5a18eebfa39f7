"""Working folders with everything that evaluate reads, made from known predictions, and parts of their reports."""

import json
import re
from contextlib import chdir

import numpy as np
import pandas as pd

from digits import arrays, files
from digits.evaluation import label_charts, report_settings
from stages import evaluate

ENVIRONMENT = {"python": "3.11.9", "keras": "3.15.1", "device": "CPU", "threads": 2, "precision": "float32"}
ENVIRONMENT |= {"parameters": 1234}


def make_probabilities(labels, unpredicted=slice(0)):
    """Make probabilities (N, 10) float32 with 0.82 for the label, NaN for images without a prediction."""
    probabilities = np.full((len(labels), 10), 0.02, np.float32)
    probabilities[np.arange(len(labels)), labels] = 0.82
    probabilities[unpredicted] = np.nan
    return probabilities


def fill(folder, images, labels, fold, probabilities, members=(0,), epochs=3):
    """Write what the stages before evaluate would have written into `folder`."""
    params = report_settings.DEFAULTS.read_text()
    (folder / "params.yaml").write_text(params.replace("members: [0] ", f"members: {list(members)} "))
    arrays.save(folder / "data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    arrays.save(folder / "data/predictions/labelled.npz", probabilities=probabilities)
    by_member = np.stack([probabilities[fold == arrays.HELD_OUT]] * len(members), axis=1)
    arrays.save(folder / "data/predictions/held_out.npz", probabilities=by_member)
    arrays.save(folder / "data/predictions/unlabelled.npz", probabilities=make_probabilities(np.repeat([7, 8], [3, 1])))
    counts = np.bincount(labels, minlength=10)
    label_charts.draw_bars(counts, folder / "reports/labels/bars.png")
    for member in members:
        write_training(folder, member, epochs)


def write_training(folder, member, epochs=3, environment=ENVIRONMENT):
    """Write the curves of a training whose validation loss is lowest in the epoch before the last."""
    curves = folder / f"reports/training/member-{member}"
    for part, gap in ("train", 0.1), ("validation", 0.0):
        (curves / part).mkdir(parents=True, exist_ok=True)
        loss = 2.0 ** -np.arange(epochs) + gap
        loss[1:][-1:] = 3
        for name, values in ("loss", loss), ("accuracy", 1 - loss / 8):
            pd.Series(values, name=name).to_csv(curves / part / f"{name}.tsv", sep="\t", index_label="step")
    files.write_json(f"{curves}.json", environment)


def evaluate_in(folder):
    """Run evaluate there and return the report."""
    with chdir(folder):
        evaluate.main()
    return (folder / "reports/index.html").read_text(encoding="utf-8")


def make_report(folder, images, labels):
    """Make a report on `few_digits`: 20 held out, 120 out of fold, 60 without a prediction; members 0 and 1.

    Image 4 is a 3 predicted as 4 with 82 %, image 12 a 1 predicted as 2. Image 26 is mislabelled: a 5, predicted as 5
    with 100 %, with the label 9. The folder also has the training curves of member 2, which is no longer listed.

    Returns:
        the folder.
    """
    labels = labels.copy()
    assert (labels[3], labels[11], labels[25]) == (3, 1, 5)
    fold = np.repeat(np.array([arrays.HELD_OUT, 0, 1, 2], np.int8), [20, 60, 60, 60])
    probabilities = make_probabilities(labels, unpredicted=fold == 2)
    for wrong in (3, 11):
        probabilities[wrong] = np.roll(probabilities[wrong], 1)
    probabilities[25] = np.eye(10)[5]
    labels[25] = 9
    fill(folder, images, labels, fold, probabilities, members=[0, 1])
    write_training(folder, 2)
    evaluate_in(folder)
    return folder


def text_of(html):
    """The text of a part of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def section(page, name):
    """The text of a section, without the numbers of its charts."""
    html = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1]
    return text_of(re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL))


def part(page, split):
    """The text of the confusion matrix of a split and of what is beside it."""
    html = re.search(rf'<div class="pair unequal {split}">(.*?)</ol>', page, re.DOTALL)[1]
    return text_of(html)


def figure(page, name):
    """A Plotly figure."""
    return json.loads(re.search(rf'<div class="plotly" id="{name}".*?<script[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def header(page):
    """The text above the tiles."""
    return text_of(re.search(r'<dl class="facts">(.*?)</dl>', page, re.DOTALL)[1])
