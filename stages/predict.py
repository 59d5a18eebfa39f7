"""Predict with one member the images that it was not trained on: its own fold, the held-out and the unlabelled ones.

models/member-K.keras            the network
data/prepared/labelled.npz       images (N, 28, 28) uint8, fold (N,)
data/prepared/unlabelled.npz     images (M, 28, 28) uint8
→ data/predictions/member-K.npz  probabilities float32: fold (F, 10), held_out (H, 10), unlabelled (M, 10)
"""

import argparse

import numpy as np

from digits import arrays, cluster, errors, files
from digits.model import tasks
from digits.settings import Compute, Network
from digits.settings import Params as StageParams


class Params(StageParams):
    network: Network
    compute: Compute


def main() -> None:
    parser = argparse.ArgumentParser(description="Predict images with one member of the ensemble.")
    parser.add_argument("member", type=int, help="number of the member, and of the fold that it predicts")
    member = parser.parse_args().member
    params = Params.load()
    images, _, fold = arrays.load_labelled()
    parts = [images[fold == member], images[fold == arrays.HELD_OUT], arrays.load_unlabelled()]
    probabilities = cluster.run(
        tasks.predict,
        files.model_path(member).read_bytes(),
        np.concatenate(parts),
        params.network.model_dump(),
        params.compute.threads,
        threads=params.compute.threads,
    )
    of_fold, held_out, unlabelled = np.split(probabilities, np.cumsum([len(part) for part in parts[:2]]))
    arrays.save(arrays.predictions_path(member), fold=of_fold, held_out=held_out, unlabelled=unlabelled)


if __name__ == "__main__":
    errors.run(main)
