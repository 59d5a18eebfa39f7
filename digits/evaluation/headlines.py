"""Describe the most important metrics in words, for the report and for the end of `make`; imports quickly."""

from collections.abc import Iterator
from typing import Any


def describe(results: dict[str, Any], details: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (name, value, explanation) of the most important metrics; the explanation says of which images.

    Args:
        results: the content of reports/metrics.json.
        details: the content of reports/details.json.
    """

    def interval(name: str) -> str:
        return f"95% interval {details[f'{name}_low']:.2%} to {details[f'{name}_high']:.2%}"

    prefixes = {"held-out": "", "out-of-fold": "oof_"}
    splits = [split for split, prefix in prefixes.items() if f"{prefix}accuracy" in results]
    for split in splits:
        name = f"{prefixes[split]}accuracy"
        wrong, images = details[f"{prefixes[split]}errors"], details[f"{prefixes[split]}images"]
        yield (
            f"{split} accuracy",
            f"{results[name]:.2%}",
            f"{interval(name)}; {wrong:,} of {images:,} {split} images misclassified",
        )
    prefix, of_images = prefixes[splits[0]], f"of the {splits[0]} images"
    yield "log loss", f"{results[f'{prefix}log_loss']:.4f}", f"{of_images}; 0 is perfect, 2.30 is equal probabilities"
    name = f"{prefix}calibration_error"
    yield "calibration error", f"{details[name]:.2%}", f"{interval(name)}; confidence against accuracy {of_images}"
    if len(alone := details.get("member_errors", [])) > 1:
        explanation = f"held-out errors fewer than its members make on average ({min(alone)} to {max(alone)} each)"
        yield "ensemble gain", f"{results['gain']:.1f}", explanation
