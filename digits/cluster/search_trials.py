"""What Ray Tune calls during a search: the function that trains a trial, the scheduler that stops it, the progress."""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray import tune
from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from digits import arrays
from digits.cluster.search_results import COMPLETE, FAILED, STOPPED, standard_error
from digits.cluster.search_space import Number, Search, change
from digits.errors import InputError
from digits.evaluation import metrics


def run_trial(
    config: dict[str, Number],
    data: arrays.Labelled,
    search: Search,
    default: dict[str, Number],
    trained: dict[str, Any],
) -> None:
    """Train fold after fold, predict each with its own network, and report the out-of-fold metrics of all so far.

    A report has folds, images, log_loss, accuracy and seconds. After a training that failed, log_loss is infinite, and
    `problem` says why.

    Args:
        config: sampled values of the searched settings.
        data: without held-out images.
        search: its folds are trained in the order 0, 1, 2, …
        default: the values of params.yaml.
        trained: all settings that train reads.
    """
    from digits.model import ensemble, network, training  # here, because the process that searches needs no TensorFlow

    began = time.monotonic()
    settings = change(trained, search.round(config, default))
    labels: list[NDArray[np.uint8]] = []
    probabilities: list[NDArray[np.float32]] = []
    for fold in range(search.folds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                member = training.train_member(data, fold, settings, Path(folder))
            except InputError as error:
                tune.report({"folds": fold + 1, "log_loss": math.inf, "problem": str(error)})
                return
            path = Path(folder) / "model.keras"
            path.write_bytes(member.model)
            model = network.load(path)
        val_mask = data.fold == fold
        labels.append(data.labels[val_mask])
        probabilities.append(ensemble.mean_probabilities([model], data.images[val_mask]))
        tune.report(
            {"folds": fold + 1, "seconds": round(time.monotonic() - began, 1)}
            | _evaluate(np.concatenate(probabilities), np.concatenate(labels))
        )


def _evaluate(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> dict[str, Any]:
    return {
        "images": len(labels),
        "log_loss": metrics.mean_log_loss(probabilities, labels),
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
    }


class Scheduler(ASHAScheduler):
    """ASHA, which stops a trial that is in the worse half of those that have trained as many folds.

    A fold is its unit, not an epoch: the learning rate decays over the epochs of a setting, so losses during the
    training are not comparable between settings. The first trial, with which the best one is compared, is never
    stopped. A failed one is stopped and not recorded, since ASHA computes percentiles, which infinity makes NaN.
    """

    def __init__(self, folds: int, default: dict[str, Number]):
        super().__init__("folds", metric="log_loss", mode="min", max_t=folds, grace_period=1, reduction_factor=2)
        self.default = default

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        if not math.isfinite(result["log_loss"]):
            return TrialScheduler.STOP
        action = super().on_trial_result(tune_controller, trial, result)
        return TrialScheduler.CONTINUE if trial.config == self.default and result["folds"] < self._max_t else action

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        if math.isfinite(result.get("log_loss", math.inf)):
            super().on_trial_complete(tune_controller, trial, result)


class Progress(tune.Callback):
    """Print a line for each trained fold, and hand over each trial when it has finished."""

    def __init__(
        self, search: Search, default: dict[str, Number], numbers: Sequence[int], save: Callable[[dict[str, Any]], None]
    ):
        """Give the trials these numbers in the order in which they begin, and call `save` with each finished one."""
        self.search, self.default, self.numbers, self.save = search, default, numbers, save
        self.reports: dict[str, list[dict[str, Any]]] = {}

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any):
        names = "folds", "images", "log_loss", "accuracy", "seconds"
        report = {name: result[name] for name in names if name in result}
        # a trial whose node died has begun again
        reports = [*self.reports.get(trial.trial_id, [])[: report["folds"] - 1], report]
        self.reports[trial.trial_id] = reports
        status = COMPLETE if report["folds"] == self.search.folds else STOPPED
        if "problem" in result:
            self._finish(trials, trial, FAILED, result["problem"])
        elif result.get("done"):
            self._finish(trials, trial, status, _describe(report) + ", stopped" * (status == STOPPED))
        else:
            self._print(self._number(trials, trial), report["folds"], _describe(report))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any):
        if trial.config == self.default:  # a bug, and no cause in the sampled settings
            raise trial.get_error()
        self.reports.setdefault(trial.trial_id, []).append({"folds": 0, "log_loss": math.inf})
        self._finish(trials, trial, FAILED, str(trial.get_error()).strip().splitlines()[-1])

    def _finish(self, trials: list[Any], trial: Any, status: str, text: str) -> None:
        settings = self.search.round(trial.config, self.default)
        reports = self.reports.pop(trial.trial_id)
        number = self._number(trials, trial)
        self._print(number, reports[-1]["folds"], text if status != FAILED else f"failed: {text}")
        self.save({"number": number, "settings": settings, "reports": reports, "status": status})

    def _number(self, trials: list[Any], trial: Any) -> int:
        return self.numbers[trials.index(trial)]

    def _print(self, number: int, fold: int, text: str) -> None:
        print(f"trial {number} of {self.search.trials}, fold {fold} of {self.search.folds}: {text}", flush=True)


def _describe(report: dict[str, Any]) -> str:
    accuracy = report["accuracy"]
    error = standard_error(accuracy, report["images"])
    return f"log loss {report['log_loss']:.4f}, accuracy {accuracy:.2%} ± {error:.2%}"
