"""What `make` prints about the metrics after a run."""

from digits.evaluation import summary


def test_metrics_are_compared_with_the_committed_ones_where_the_difference_is_visible():
    committed = {"accuracy": 0.9886, "errors": 4, "log_loss": 0.06445599, "gain": 0.0}
    results = {"accuracy": 0.9943, "errors": 2, "log_loss": 0.06445601, "oof_accuracy": 0.9}
    assert summary.compare(results, committed) == "accuracy 0.9886 → 0.9943, errors 4 → 2"
