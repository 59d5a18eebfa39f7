"""Train one member of the ensemble on every fold but its own, which is its validation set.

data/prepared/labelled.npz        images (N, 28, 28) uint8, labels (N,), fold (N,)
→ models/member-K.keras           pixels of 0–255 in, ten probabilities out
→ reports/training/member-K/      the curves, by DVCLive: one TSV for each metric, one row for each epoch
→ reports/training/member-K.json  the versions of Python and the packages, the device, its threads, the precision

`python -m stages.train K` trains member K: in this process, or on the Ray cluster of RAY_ADDRESS. A training that was
killed in this process resumes after its last epoch when it is started again.
"""

import argparse
import os

from digits import errors, files, versions
from digits.data import arrays
from digits.model import checkpoint, curves, model_file
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

if os.environ.get("RAY_ADDRESS"):
    from digits.cluster.remote import train_member
else:
    from digits.model.training import train_member


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


def main():
    parser = argparse.ArgumentParser(description="Train one member of the ensemble.")
    parser.add_argument("member", type=int, help="number of the member, and of the fold that it does not train on")
    member = parser.parse_args().member
    params = Params.load()
    versions.check()
    data = arrays.load_labelled("data/prepared/labelled.npz")

    with checkpoint.lock_member(member, checkpoint.key("train", params)) as work:
        trained = train_member(data, member, params.model_dump(), work)
        curves.write(trained.history, f"reports/training/member-{member}", work)
        files.write_json(f"reports/training/member-{member}.json", trained.environment)
        with files.atomic_write(model_file.path(member)) as partial:
            partial.write_bytes(trained.model)


if __name__ == "__main__":
    errors.run(main)
