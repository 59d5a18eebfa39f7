"""Predict each image with models that were not trained on it: a fold with its own member, all others with the ensemble.

models/member-K.keras              for each K of members; the models of unlisted members are deleted
data/prepared/labelled.npz         images (N, 28, 28) uint8, fold (N,)
data/prepared/unlabelled.npz       images (M, 28, 28) uint8
→ data/predictions/labelled.npz    probabilities (N, 10) float32: of member K for fold K, of the ensemble for the
                                   held-out images, NaN for folds without a member
→ data/predictions/held_out.npz    probabilities (H, K, 10) float32: of each member for the held-out images
→ data/predictions/unlabelled.npz  probabilities (M, 10) float32 of the ensemble
"""

import numpy as np

from digits import errors, files, versions
from digits.data import arrays
from digits.model import backend, checkpoint, ensemble, model_file
from digits.settings import Members, Threads
from digits.settings import Params as StageParams


class Params(StageParams):
    members: Members
    compute: Threads


def main():
    params = Params.load()
    versions.check()
    backend.configure(params.compute.threads)
    checkpoint.remove_completed()
    files.remove_unlisted(model_file.FOLDER, params.members)
    models = ensemble.load(params.members)
    labelled = arrays.load_labelled("data/prepared/labelled.npz")
    unlabelled = arrays.load_unlabelled("data/prepared/unlabelled.npz")

    probabilities = np.full((len(labelled.images), 10), np.nan, np.float32)
    for member, model in zip(params.members, models, strict=True):
        val_mask = labelled.fold == member
        probabilities[val_mask] = ensemble.mean_probabilities([model], labelled.images[val_mask])
    held_out = labelled.fold == arrays.HELD_OUT
    held_out_images = labelled.images[held_out]
    by_member = np.stack([ensemble.mean_probabilities([model], held_out_images) for model in models], axis=1)
    probabilities[held_out] = by_member.mean(axis=1)
    arrays.save("data/predictions/labelled.npz", probabilities=probabilities)
    arrays.save("data/predictions/held_out.npz", probabilities=by_member)
    arrays.save("data/predictions/unlabelled.npz", probabilities=ensemble.mean_probabilities(models, unlabelled))


if __name__ == "__main__":
    errors.run(main)
