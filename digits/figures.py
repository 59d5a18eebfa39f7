"""The figures of reports/metrics.json, in words."""


def in_words(metrics):
    """Say the figures that people ask for first: triples of a name, its value, and what it means."""
    for part, name in ("heldout", "held-out"), ("oof", "out-of-fold"):
        if f"{part}_accuracy" in metrics:
            accuracy, low, high, images = (metrics[f"{part}_{key}"] for key in ("accuracy", "accuracy_low", "accuracy_high", "images"))
            errors = round((1 - accuracy) * images)
            meaning = f"95% interval {low:.2%} to {high:.2%}; {errors:,} of {images:,} images taken for another digit"
            yield f"{name} accuracy", f"{accuracy:.2%}", meaning
    part = "heldout" if "heldout_accuracy" in metrics else "oof"
    yield "log loss", f"{metrics[f'{part}_log_loss']:.4f}", "0 for one who is always right and sure, 2.30 for one who guesses"
    if "heldout_calibration_error" in metrics:
        yield "calibration error", f"{metrics['heldout_calibration_error']:.2%}", "how far its sureness is from how often it is right"
