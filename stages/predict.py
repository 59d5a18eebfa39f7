"""Predict without cheating: each member its own fold, which it has not seen, and the ensemble all that is unseen.

models/member-K.keras             for each K of members
data/prepared/labelled.npz        images (N, 28, 28) uint8, fold (N,)
data/prepared/unlabelled.npz      images (M, 28, 28) uint8
→ data/predictions/labelled.npz   probabilities (N, 10) float32: of fold K by member K, of the held-out images by the
                                  ensemble, NaN for folds without a member
→ data/predictions/unlabelled.npz probabilities (M, 10) float32 by the ensemble
"""

import numpy as np

from digits import archives, checkpoint, ensemble, errors
from digits.settings import Members
from digits.settings import Params as StageParams


class Params(StageParams):
    members: Members


def main():
    params = Params.load()
    checkpoint.sweep()
    networks = ensemble.load(params.members)
    labelled = archives.load_labelled("data/prepared/labelled.npz")
    unlabelled = archives.load_unlabelled("data/prepared/unlabelled.npz")

    probabilities = np.full((len(labelled.images), 10), np.nan, np.float32)
    for member, network in zip(params.members, networks, strict=True):
        own = labelled.fold == member
        probabilities[own] = ensemble.mean_probabilities([network], labelled.images[own])
    held_out = labelled.fold == archives.HELD_OUT
    probabilities[held_out] = ensemble.mean_probabilities(networks, labelled.images[held_out])
    archives.save("data/predictions/labelled.npz", probabilities=probabilities)
    archives.save("data/predictions/unlabelled.npz", probabilities=ensemble.mean_probabilities(networks, unlabelled))


if __name__ == "__main__":
    errors.run(main)
