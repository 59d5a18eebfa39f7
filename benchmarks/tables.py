"""Write the measurements as tables in benchmarks/README.md and as a chart: `python -m benchmarks.tables`."""

import json
import statistics
from pathlib import Path

from matplotlib.figure import Figure

from digits import files

RESULTS = Path("benchmarks/results.json")
README = Path("benchmarks/README.md")
CHART = Path("benchmarks/accuracy.png")
TARGETS = 0.99, 0.994, 0.996
COLOURS = {  # of the recipes, in the order of the table
    "keras-example": "#9a9a9a",
    "ghouzam": "#8c6bb1",
    "deotte": "#d95f0e",
    "our-fast": "#7bccc4",
    "our-fast-bfloat16": "#41ab5d",
    "our-default": "#0868ac",
    "our-bfloat16": "#74a9cf",
    "our-best": "#08306b",
}
REFERENCE = "deotte"  # whose time the others are compared with


def write(results):
    """Write the recipes' table into benchmarks/README.md, between its two markers, and plot the chart."""
    before, begin, rest = README.read_text().partition("<!-- recipes -->\n")
    _, end, after = rest.partition("<!-- end of recipes -->\n")
    with files.atomic_write(README) as partial:
        partial.write_text(f"{before}{begin}{recipes_table(results)}\n{end}{after}")
    plot(results, CHART)


def recipes_table(results):
    """Write a Markdown table with a row for each recipe."""
    head = [
        "recipe",
        "parameters",
        "multiply-accumulates per image",
        "epochs",
        "seconds to train",
        f"relative to {REFERENCE}",
        *(f"to {100 * target:.1f} %" for target in TARGETS),
        "accuracy of one network",
        "of several, averaged",
        "images/s trained",
        "predicted",
        "fraction of peak FLOP/s",
        "peak memory",
    ]
    rows = [_row(name, recipe, results) for name, recipe in _in_order(results)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---", *["---:"] * (len(head) - 1)], *rows])


def _in_order(results):
    return sorted(results["recipes"].items(), key=lambda item: list(COLOURS).index(item[0]))


def _timed(recipe):
    return [network for network in recipe["networks"].values() if "seconds" in network]


def mean_seconds(recipe):
    """Return the mean seconds that a network of a recipe trains, or None if none was timed."""
    seconds = [network["seconds"] for network in _timed(recipe)]
    return statistics.mean(seconds) if seconds else None


def relative_time(recipe, results):
    """Format the mean seconds of a recipe in per cent of those of the reference."""
    seconds, reference = mean_seconds(recipe), mean_seconds(results["recipes"].get(REFERENCE, {"networks": {}}))
    return f"{100 * seconds / reference:.1f} %" if seconds and reference else "–"


def _row(name, recipe, results):
    networks = list(recipe["networks"].values())
    timed = _timed(recipe)
    first = networks[0]

    def mean(key):
        return statistics.mean(network[key] for network in timed)

    peaks = [network["peak_mb"] for network in networks if "peak_mb" in network]
    flops_an_image = 6 * first["multiply_accumulates"]  # forwards, and twice that backwards
    peak_images = 1e9 * results["machine"]["peak_gflops"] / flops_an_image
    seconds, together = recipe["averaged"][-1]
    several = f"{len(recipe['averaged'])} in {seconds:,.0f} s" if timed else f"{len(recipe['averaged'])}"
    return [
        name,
        f"{first['parameters']:,}",
        f"{first['multiply_accumulates'] / 1e6:.1f} M",
        f"{first['epochs']}",
        f"{mean('seconds'):,.0f}" if timed else "–",
        relative_time(recipe, results),
        *(_reached(timed, target) for target in TARGETS),
        f"{mean_and_deviation([network['accuracy'] for network in networks])}",
        f"{100 * together:.2f} % ({several})",
        f"{mean('images_per_second'):,.0f}" if timed else "–",
        f"{mean('predicted_per_second'):,.0f}" if timed else "–",
        f"{100 * mean('images_per_second') / peak_images:.0f} %" if timed else "–",
        f"{max(peaks):,} MB" if peaks else "–",
    ]


def mean_and_deviation(fractions):
    """Format fractions in per cent: mean ± standard deviation (n)."""
    deviation = f" ± {100 * statistics.stdev(fractions):.3f}" if len(fractions) > 1 else ""
    return f"{100 * statistics.mean(fractions):.3f}{deviation} % (n = {len(fractions)})"


def _reached(networks, target):
    times = [
        next((seconds for seconds, accuracy in network["curve"] if accuracy >= target), None) for network in networks
    ]
    reached = [seconds for seconds in times if seconds is not None]
    if not reached:
        return "–"
    some = "" if len(reached) == len(times) else f" ({len(reached)} of {len(times)})"
    return f"{statistics.mean(reached):.0f} s{some}"


def plot(results, path):
    """Plot the accuracy on unseen images over the seconds of training, a line for each recipe."""
    figure = Figure(figsize=(8, 4.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    for name, recipe in _in_order(results):
        if not _timed(recipe):
            continue
        colour = COLOURS[name]
        curves = [network["curve"] for network in _timed(recipe)]
        points = [[statistics.mean(values) for values in zip(*at, strict=True)] for at in zip(*curves, strict=False)]
        seconds, accuracy = zip(*points, strict=True)
        axes.plot(
            seconds,
            [100 * value for value in accuracy],
            color=colour,
            lw=2 if name.startswith("our-") else 1.2,
            label=name,
        )
        if len(recipe["averaged"]) > 1:
            several = recipe["averaged"]
            axes.plot(*zip(*[(at, 100 * value) for at, value in several], strict=True), ":", marker=".", color=colour)
    axes.set(xlabel="seconds of training", ylabel="accuracy on unseen images, %")
    axes.set(xscale="log", xlim=(4, None), ylim=(98.5, 99.85))
    axes.set_xticks(
        [5, 10, 30, 60, 300, 600, 1800, 3600], ["5 s", "10 s", "30 s", "1 min", "5 min", "10 min", "30 min", "1 h"]
    )
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=9, frameon=False)
    with files.atomic_write(path) as partial:
        figure.savefig(partial, format="png")


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
