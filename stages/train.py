"""Train one member of the ensemble on every fold but its own; its own decides when to stop and which epoch is best.

data/prepared/labelled.npz        images (N, 28, 28) uint8, labels (N,), fold (N,)
→ models/member-K.keras           pixels of 0–255 in, ten probabilities out
→ reports/training/member-K/      the curves, by DVCLive: one TSV a quantity, one row an epoch
→ reports/training/member-K.json  the versions of what trained it

`python -m stages.train K` trains member K. Killed, it goes on where it stopped when it is started again.
"""

import argparse
import os
import shutil
from pathlib import Path

import numpy as np

from digits import errors, files, versions
from digits.data import arrays
from digits.model import augmentation, backend, checkpoint, network, training
from digits.settings import Augment, BatchSize, EarlyStopping, Epochs, LearningRate, Network, Regularization, Seed
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


def main():
    parser = argparse.ArgumentParser(description="Train one member of the ensemble.")
    parser.add_argument("member", type=int, help="which: the fold that it does not train on")
    member = parser.parse_args().member
    params = Params.load()
    versions.check()
    data = arrays.load_labelled("data/prepared/labelled.npz")
    if not (data.fold == member).any():
        raise errors.InputError(
            f"there is no fold {member} to leave out: the folds are 0 to {data.fold.max()}; take a member from those"
        )

    with checkpoint.lock_member(member, checkpoint.key("train", params)) as work:
        train(data, member, params, work)


def train(data, member, params, work):
    backend.make_repeatable(int(np.random.SeedSequence([params.seed, member]).generate_state(1)[0]))
    train_mask = (data.fold != member) & (data.fold != arrays.HELD_OUT)
    batches = augmentation.AugmentedBatches(
        data.images[train_mask],
        data.labels[train_mask],
        batch_size=params.batch_size,
        epochs=params.epochs,
        seed=(params.seed, member),
        bounds=params.augment.model_dump(),
    )
    model = network.build(params.network.width, params.network.dropout)
    training.compile(model, params.lr, batches.steps * params.epochs, **params.regularization.model_dump())
    state = checkpoint.Checkpoint(work, model)
    state.restore()
    batches.first_epoch = len(state.history)
    val_mask = data.fold == member
    validation = data.images[val_mask], np.eye(10, dtype=np.float32)[data.labels[val_mask]]
    training.fit(model, batches, validation, params.early_stopping.patience, state, work / "live")

    curves = Path(f"reports/training/member-{member}")
    shutil.rmtree(curves, ignore_errors=True)
    curves.parent.mkdir(parents=True, exist_ok=True)
    os.replace(work / "live/plots/metrics", curves)
    files.write_json(f"{curves}.json", training.versions())
    network.save(model, f"models/member-{member}.keras")


if __name__ == "__main__":
    errors.run(main)
