"""Run the trials of a search with Ray Tune, as Optuna suggests them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from ray import tune
from ray.tune.search.optuna import OptunaSearch

from digits import arrays, files
from digits.cluster import search_trials
from digits.cluster.search_space import Number, Search

MAX_FAILURES = 2  # of a trial, whose node may die


def run(
    search: Search, trained: dict[str, Any], data: arrays.Labelled, trials: list[dict[str, Any]], path: Path
) -> None:
    """Run the trials that are missing in `trials`, and append each finished one to it and to its file.

    Raises:
        KeyboardInterrupt: the user interrupted the search; Tune converts the signal.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    default = search.default(trained)
    missing = [] if any(trial["settings"] == default for trial in trials) else [default]
    searcher = OptunaSearch(
        _distributions(search),
        metric="log_loss",
        mode="min",
        seed=search.seed + len(trials),
        points_to_evaluate=missing,
    )
    scheduler = search_trials.Scheduler(search.folds, default)
    no_controller: Any = None  # the scheduler does not use it
    for trial in trials:
        searcher.add_evaluated_point(trial["settings"], trial["reports"][-1]["log_loss"])
        past: Any = SimpleNamespace(trial_id=f"past {trial['number']}", config=trial["settings"])
        scheduler.on_trial_add(no_controller, past)
        for result in trial["reports"]:
            scheduler.on_trial_result(no_controller, past, result)

    def save(trial: dict[str, Any]) -> None:
        trials.append(trial)
        files.write_json(path, trials)

    inputs = {"data": data, "search": search, "default": default, "trained": trained}
    resources = {"CPU": trained["compute"]["threads"], "GPU": trained["compute"]["gpus"]}
    numbers = sorted(set(range(1, search.trials + 1)) - {trial["number"] for trial in trials})
    with files.temporary_folder(path.parent / "tune") as folder:
        tune.Tuner(
            tune.with_resources(tune.with_parameters(search_trials.run_trial, **inputs), resources),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=scheduler,
                num_samples=len(numbers),
                reuse_actors=False,
            ),
            run_config=tune.RunConfig(
                storage_path=str(folder.resolve()),
                callbacks=[search_trials.Progress(search, default, numbers, save)],
                failure_config=tune.FailureConfig(MAX_FAILURES),
                verbose=0,
            ),
        ).fit()
    if len(trials) < search.trials:
        raise KeyboardInterrupt


def _distributions(search: Search) -> dict[str, BaseDistribution]:
    return {name: _distribution(kind, values) for name, part in search.space.items() for kind, values in part.items()}


def _distribution(kind: str, values: list[Number]) -> BaseDistribution:
    if kind == "choice":
        return CategoricalDistribution(values)
    low, high = values
    if kind == "integer":
        return IntDistribution(int(low), int(high))
    return FloatDistribution(low, high, log=kind == "loguniform")
