"""Train one member of the ensemble on every fold but its own, which is its validation set.

data/prepared/labelled.npz        images (N, 28, 28) uint8, labels (N,), fold (N,)
→ models/member-K.keras           pixels of 0–255 in, ten probabilities out
→ reports/training/member-K/      the curves, by DVCLive: one TSV for each metric, one row for each epoch
→ reports/training/member-K.json  the versions of Python and the packages that trained it

`python -m stages.train K` trains member K. A killed training resumes after its last epoch when it is started again.
"""

import argparse

import numpy as np

from digits import errors, files, versions
from digits.data import arrays
from digits.model import augmentation, checkpoint, model_file, network, training
from digits.model.backend import keras
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
    parser.add_argument("member", type=int, help="number of the member, and of the fold that it does not train on")
    member = parser.parse_args().member
    params = Params.load()
    versions.check()
    data = arrays.load_labelled("data/prepared/labelled.npz")
    train_mask = (data.fold != member) & (data.fold != arrays.HELD_OUT)
    val_mask = data.fold == member
    if not val_mask.any():
        raise errors.InputError(f"there is no fold {member} to validate on; use a member from 0 to {data.fold.max()}")

    with checkpoint.lock_member(member, checkpoint.key("train", params)) as work:
        keras.utils.set_random_seed(int(np.random.SeedSequence([params.seed, member]).generate_state(1)[0]))
        batches = augmentation.AugmentedBatches(
            data.images[train_mask],
            data.labels[train_mask],
            batch_size=params.batch_size,
            epochs=params.epochs,
            seed=(params.seed, member),
            bounds=params.augment.model_dump(),
        )
        validation = data.images[val_mask], np.eye(10, dtype=np.float32)[data.labels[val_mask]]
        model = network.build(params.network.width, params.network.dropout)
        steps = batches.steps * params.epochs
        training.compile_network(model, params.lr, steps, **params.regularization.model_dump())
        state = checkpoint.Checkpoint(work, model)
        state.restore()
        training.fit(model, batches, validation, params.early_stopping.patience, state, work / "live")

        files.move_folder(work / "live/plots/metrics", f"reports/training/member-{member}")
        files.write_json(f"reports/training/member-{member}.json", training.versions())
        network.save(model, model_file.path(member))


if __name__ == "__main__":
    errors.run(main)
