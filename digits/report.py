"""The page that shows a measurement: reports/index.html, one file, nothing fetched."""

import base64
from pathlib import Path
from string import Template

from digits import files

_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Digit Recognizer</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8886 }
th:first-child, td:first-child { text-align: left }
img { max-width: 100%; height: auto; border-radius: .5rem }
</style>
<h1>Digit Recognizer</h1>
<table>$figures</table>
<h2>Which digits are taken for which</h2>
<img alt="Confusion matrix: true digits in rows, predicted ones in columns" src="$confusion">
<table><tr><th>digit<th>precision<th>recall<th>F1<th>images</tr>$per_digit</table>
<h2>The mistakes</h2>
<img alt="The misclassified images with their true and predicted digits" src="$mistakes">
</html>
""")


def write(metrics, per_digit, plots, path):
    """Write the page.

    Args:
        metrics: what reports/metrics.json holds.
        per_digit: rows (digit, precision, recall, F1, images).
        plots: the folder with confusion.png and mistakes.png.
    """
    page = _PAGE.substitute(
        figures="".join(f"<tr><td>{name}<td>{value}</tr>" for name, value in in_words(metrics)),
        confusion=_embedded(Path(plots) / "confusion.png"),
        mistakes=_embedded(Path(plots) / "mistakes.png"),
        per_digit="".join(f"<tr><td>{d}<td>{p:.2%}<td>{r:.2%}<td>{f:.2%}<td>{n:,}</tr>" for d, p, r, f, n in per_digit),
    )
    with files.replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")


def in_words(metrics):
    """Say the figures that people ask for first: pairs of a name and a text."""
    if "heldout_accuracy" in metrics:
        interval = f"{metrics['heldout_accuracy_low']:.2%} to {metrics['heldout_accuracy_high']:.2%}"
        yield "held-out accuracy", f"{metrics['heldout_accuracy']:.2%}  (95 % interval {interval})"
        yield "held-out errors", f"{metrics['heldout_errors']:,} of {metrics['heldout_images']:,} images"
    yield "out-of-fold accuracy", f"{metrics['oof_accuracy']:.2%}  of {metrics['oof_images']:,} images"
    yield "networks averaged", f"{metrics['members']}"


def _embedded(picture):
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
