"""Train one member of the ensemble on every fold but its own, and calibrate it on its own.

data/prepared/labelled.npz        images (N, 28, 28) uint8, labels (N,), fold (N,)
→ models/member-K.keras           pixels of 0–255 in, ten calibrated probabilities out
→ reports/training/member-K.csv   loss and accuracy of the training images and of fold K (val_), a row per epoch
→ reports/training/member-K.json  the temperature, the device, its threads, the precision, the versions of the packages

`python -m stages.train K` trains member K: here, or on the Ray cluster of RAY_ADDRESS. A training that was killed here
resumes after its last epoch when it is started again.
"""

import argparse

from digits import arrays, cluster, errors, files
from digits.model import checkpoint, tasks
from digits.settings import (
    Augment,
    BatchSize,
    Compute,
    EarlyStopping,
    Epochs,
    LearningRate,
    Network,
    Regularization,
    Seed,
)
from digits.settings import Params as StageParams


class Params(StageParams):
    seed: Seed
    lr: LearningRate
    epochs: Epochs
    batch_size: BatchSize
    network: Network
    augment: Augment
    regularization: Regularization
    early_stopping: EarlyStopping
    compute: Compute


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one member of the ensemble.")
    parser.add_argument("member", type=int, help="number of the member, and of the fold that it does not train on")
    member = parser.parse_args().member
    params = Params.load()
    model, history, details = cluster.run(
        tasks.train,
        arrays.load_labelled(),
        member,
        params.model_dump(),
        checkpoint.find("train", member, params),
        threads=params.compute.threads,
    )
    rows = ((epoch, *metrics.values()) for epoch, metrics in enumerate(history, start=1))
    files.write_csv(f"reports/training/member-{member}.csv", ["epoch", *history[0]], rows)
    files.write_json(f"reports/training/member-{member}.json", details)
    with files.atomic_write(files.model_path(member)) as partial:
        partial.write_bytes(model)


if __name__ == "__main__":
    errors.run(main)
