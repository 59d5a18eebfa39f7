"""Search for better settings with Optuna: `make search`, or `make search JOBS=4` in four processes.

search.yaml                   the values that are tried
params.yaml                   the first trial, with which the others are compared
data/prepared/labelled.npz    images (N, 28, 28) uint8, labels (N,), fold (N,); the held-out ones are removed
→ reports/search/trials.csv   metrics and settings of all trials
→ reports/search/index.html   Optuna's plots

A trial trains one fold after another, here or on the cluster of RAY_ADDRESS, and is compared by the log loss of their
out-of-fold images. The study is stored in .work/search.db, or in the database that the URL in STORAGE names, which
several machines may share. Its name is a hash of what the trials depend on: other data, other code or other fixed
settings make another study. A killed search continues, and tries again what it was training.
"""

import argparse
import copy
import datetime
import functools
import operator
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
import optuna
import pandas as pd
from optuna.trial import BaseTrial, FixedTrial, FrozenTrial, Trial, TrialState
from optuna.visualization import plot_optimization_history, plot_param_importances, plot_slice
from pydantic import Field, ValidationError

from digits import arrays, cluster, errors, files, settings
from digits.errors import DivergedError, InputError
from digits.evaluation import metrics
from digits.model import checkpoint, tasks

SPACE = Path("search.yaml")
NOT_TRAINED = {"source", "members", "split"}  # settings that a training does not read
NOT_SEARCHED = NOT_TRAINED | {"seed", "compute"}
FOLDER = Path("reports/search")
HEARTBEAT, GRACE = 10, 60  # seconds between the heartbeats of a trial, and without one until it is tried again
FINISHED = TrialState.COMPLETE, TrialState.PRUNED


class Params(settings.Params, settings.Settings):
    """All of params.yaml."""


class Search(settings.Section):
    """All of search.yaml; `space` has the arguments of Optuna's suggest_float, suggest_int or suggest_categorical."""

    trials: int = Field(ge=1, le=10_000)
    folds: int = Field(ge=1, le=100)
    seed: settings.Seed
    space: dict[str, dict[str, Any]] = Field(min_length=1)

    @classmethod
    def load(cls, params: Params) -> Self:
        """Read search.yaml, and check each value in it as if it stood in params.yaml.

        Raises:
            InputError: a value is invalid, a training does not depend on a setting, or the value of params.yaml is not
                among those that are tried.
        """
        known = [name for name in settings.dotted(settings.Settings) if name.split(".")[0] not in NOT_SEARCHED]
        try:
            search = cls.model_validate(settings.read(SPACE))
            for name, values in search.space.items():
                if name not in known:
                    raise InputError(f"{SPACE}: {name} cannot be searched; use some of {', '.join(known)}")
                default = _look_up(params.model_dump(), name)
                trial = FixedTrial({name: default})
                try:
                    with warnings.catch_warnings(action="error"):  # a default out of range
                        suggest(trial, name, default, values)
                except (TypeError, ValueError, UserWarning) as error:
                    raise InputError(f"{SPACE}: {name}, which is {default} in params.yaml: {error}") from None
                if trial.distributions[name].single():
                    raise InputError(f"{SPACE}: {name} has a single value, so searching it has no effect")
                for value in values.get("choices") or (values["low"], values["high"]):
                    settings.Settings.model_validate(_replace(params.model_dump(), {name: value}))
        except ValidationError as invalid:
            raise InputError(f"{SPACE}: {settings.format_errors(invalid)}") from None
        if search.folds > params.split.folds:
            raise InputError(f"{SPACE}: folds is {search.folds}, but params.yaml has {params.split.folds} split.folds")
        return search


def suggest(trial: BaseTrial, name: str, default: Any, values: dict[str, Any]) -> None:
    """Let Optuna choose the value of a setting; the type of its value in params.yaml tells floats from integers."""
    if "choices" in values:
        trial.suggest_categorical(name, **values)
    elif isinstance(default, float):
        trial.suggest_float(name, **values)
    else:
        trial.suggest_int(name, **values)


class Objective:
    """The function that Optuna minimizes."""

    def __init__(self, search: Search, params: Params, labelled: arrays.Labelled):
        """Train on the images that are not held out."""
        kept = labelled.fold != arrays.HELD_OUT
        self.search, self.data = search, arrays.Labelled(*(array[kept] for array in labelled))
        self.settings = params.model_dump(exclude=NOT_TRAINED)
        self.default = {name: _look_up(self.settings, name) for name in search.space}

    def is_default(self, trial: FrozenTrial) -> bool:
        """Return whether a trial, which may be waiting, has the values of params.yaml."""
        return (trial.params or trial.system_attrs.get("fixed_params")) == self.default

    def __call__(self, trial: Trial) -> float:
        """Train fold after fold, and return the log loss of all their images.

        Raises:
            TrialPruned: the trial is in the worse half after a fold, or has diverged.
        """
        # the same seed in each trial would propose the same values in each process and after each start
        trial.study.sampler = optuna.samplers.TPESampler(seed=self.search.seed + trial.number)
        for name, values in self.search.space.items():
            suggest(trial, name, self.default[name], values)
        trained = _replace(self.settings, trial.params)
        began = time.monotonic()
        probabilities = np.empty((len(self.data.labels), 10), np.float32)
        for fold in range(self.search.folds):
            try:
                probabilities[self.data.fold == fold] = cluster.run(
                    tasks.predict_fold, self.data, fold, trained, threads=trained["compute"]["threads"]
                )
            except DivergedError as error:
                trial.set_user_attr("diverged", str(error))
                self._print(trial, fold, "diverged", time.monotonic() - began)
                raise optuna.TrialPruned from None
            seen = (self.data.fold >= 0) & (self.data.fold <= fold)  # not the drawings that only train
            log_loss = metrics.mean_log_loss(probabilities[seen], self.data.labels[seen])
            accuracy = float((probabilities[seen].argmax(axis=1) == self.data.labels[seen]).mean())
            trial.report(log_loss, fold + 1)
            trial.set_user_attr("accuracy", accuracy)
            stopped = fold + 1 < self.search.folds and trial.should_prune() and trial.params != self.default
            text = f"log loss {log_loss:.4f}, accuracy {accuracy:.2%}" + ", stopped" * stopped
            self._print(trial, fold, text, time.monotonic() - began)
            if stopped:
                raise optuna.TrialPruned
        return log_loss

    def _print(self, trial: Trial, fold: int, text: str, seconds: float) -> None:
        """Print a line on a fold, and the time left for all processes; the trial has taken so many seconds."""
        trials = trial.study.get_trials(deepcopy=False)
        durations = [other.duration.total_seconds() for other in trials if other.state in FINISHED and other.duration]
        running = sum(other.state == TrialState.RUNNING for other in trials)
        mean = np.mean(durations or [seconds / (fold + 1) * self.search.folds])
        left = datetime.timedelta(seconds=round(mean * (self.search.trials - len(durations)) / running))
        print(
            f"trial {trial.number}, fold {fold + 1} of {self.search.folds}: {text}; {len(durations)} of "
            f"{self.search.trials} trials finished, about {left} left",
            flush=True,
        )


def open_study(search: Search, params: Params) -> optuna.Study:
    """Open the study of this space, data, code and fixed settings, or create it."""
    fixed = _replace(params.model_dump(exclude=NOT_TRAINED), dict.fromkeys(search.space))
    checkpoint.WORK.mkdir(exist_ok=True)
    return optuna.create_study(
        study_name=checkpoint.key("train", {"search": search.model_dump(exclude={"trials"}), "fixed": fixed}),
        storage=optuna.storages.RDBStorage(
            os.environ.get("STORAGE") or f"sqlite:///{checkpoint.WORK}/search.db",
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        ),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        load_if_exists=True,
    )


def run_trials(study: optuna.Study, objective: Objective) -> None:
    """Run trials until as many have finished as search.yaml says, those of other processes included.

    Raises:
        InputError: the settings of params.yaml diverge.
    """
    while True:
        optuna.storages.fail_stale_trials(study)  # queues them again
        trials = study.get_trials(deepcopy=False)
        for trial in trials:
            if "diverged" in trial.user_attrs and objective.is_default(trial):
                raise InputError(trial.user_attrs["diverged"])
        missing = objective.search.trials - sum(trial.state in FINISHED for trial in trials)
        if missing <= 0:
            return
        if sum(trial.state == TrialState.RUNNING for trial in trials) < missing:
            study.optimize(objective, n_trials=1)
        else:  # one of them may have been killed
            time.sleep(1)


def report(study: optuna.Study, objective: Objective) -> None:
    """Write the table and the plots, and print the best trials and the command that trains the best one."""
    table = study.trials_dataframe(attrs=("number", "state", "value", "user_attrs", "duration", "params"))
    table.columns = table.columns.str.replace("^(user_attrs|params)_", "", regex=True).str.replace("value", "log_loss")
    table = table.sort_values(["state", "log_loss"])
    with files.atomic_write(FOLDER / "trials.csv") as partial:
        table.to_csv(partial, index=False)

    complete = table[table.state == "COMPLETE"]
    figures = [plot_optimization_history(study, target_name="log loss"), plot_slice(study, target_name="log loss")]
    if len(complete) > 1:
        figures.insert(1, plot_param_importances(study))
    parts = [figure.to_html(full_html=False, include_plotlyjs=figure is figures[0]) for figure in figures]
    with files.atomic_write(FOLDER / "index.html") as partial:
        partial.write_text('<!doctype html><meta charset="utf-8"><title>Search</title>' + "".join(parts))

    images = ((objective.data.fold >= 0) & (objective.data.fold < objective.search.folds)).sum()
    complete = complete.assign(standard_error=(complete.accuracy * (1 - complete.accuracy) / images) ** 0.5)
    is_default = (complete[list(objective.default)] == pd.Series(objective.default)).all(axis=1)
    shown = pd.concat([complete[is_default], complete[~is_default].head(3)])
    rows = ["number", "log_loss", "accuracy", "standard_error", *objective.default]
    print(f"\n{len(table)} trials, see {FOLDER}/index.html and trials.csv; params.yaml, and the best of the others:\n")
    print(shown[rows].T.to_string(header=False, float_format="{:.4g}".format))
    best = study.best_trial
    if objective.is_default(best):
        print("\nThe settings of params.yaml are the best.")
    else:
        typed = {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in best.params.items()}
        print(f"\nTo train trial {best.number}:\n\n  dvc exp run", *(f"-S {name}={typed[name]}" for name in typed))


def _look_up(values: dict[str, Any], name: str) -> Any:
    return functools.reduce(operator.getitem, name.split("."), values)


def _replace(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Copy nested settings with other values for some dotted names."""
    values = copy.deepcopy(values)
    for name, value in changes.items():
        *sections, key = name.split(".")
        functools.reduce(operator.getitem, sections, values)[key] = value
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description="Search for better settings, as search.yaml says.")
    parser.add_argument("--jobs", type=int, default=1, help="processes that train")
    parser.add_argument("--helper", action="store_true", help="train for another process, which writes the results")
    arguments = parser.parse_args()
    # Optuna gives up the trial of a KeyboardInterrupt, while that of a process that has ended is tried again
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of heartbeats

    params = Params.load()
    search = Search.load(params)
    objective = Objective(search, params, arrays.load_labelled())
    study = open_study(search, params)
    if arguments.helper:
        run_trials(study, objective)
        return
    if not any(map(objective.is_default, study.get_trials(states=[TrialState.WAITING, TrialState.RUNNING, *FINISHED]))):
        study.enqueue_trial(objective.default)
    command = [sys.executable, "-m", "digits.search", "--helper"]
    helpers = [subprocess.Popen(command) for _ in range(arguments.jobs - 1)]
    run_trials(study, objective)
    for process in helpers:
        process.wait()
    report(study, objective)


if __name__ == "__main__":
    errors.run(main)
