"""The metrics of a run, in words."""


def in_words(metrics, details):
    """Describe the metrics that people ask for first: triples of a name, its value, and what it means.

    Args:
        metrics: the content of reports/metrics.json.
        details: the content of reports/details.json.
    """
    for prefix, name in ("", "held-out"), ("oof_", "out-of-fold"):
        if f"{prefix}accuracy" in metrics:
            low, high, wrong, images = (
                details[prefix + key] for key in ("accuracy_low", "accuracy_high", "errors", "images")
            )
            meaning = f"95% interval {low:.2%} to {high:.2%}; {wrong:,} of {images:,} images misclassified"
            yield f"{name} accuracy", f"{metrics[f'{prefix}accuracy']:.2%}", meaning
    prefix = "" if "accuracy" in metrics else "oof_"
    yield (
        "log loss",
        f"{metrics[f'{prefix}log_loss']:.4f}",
        "0 if every answer is right with probability 1; 2.30 for guessing",
    )
    yield (
        "calibration error",
        f"{details[f'{prefix}calibration_error']:.2%}",
        "how far confidence is from accuracy, on average",
    )
    if len(details.get("member_errors", [])) > 1:
        alone = details["member_errors"]
        meaning = f"errors fewer than its members make on average on the held-out images ({', '.join(map(str, alone))})"
        yield "gain of the ensemble", f"{metrics['gain']:.1f}", meaning
