"""The labelled images that were judged by networks which had not learned from them, and the verdicts."""

from dataclasses import dataclass, fields

import numpy as np

from digits.data import arrays


@dataclass(frozen=True)
class Predictions:
    """Arrays over the same N images.

    rows: their places in data/raw/train.csv, the first image being 1.
    images: (N, 28, 28) uint8.
    labels: (N,), the digits that they were given by people.
    probabilities: (N, 10) float32.
    held_out: (N,) true where the whole ensemble judged; elsewhere it was the one member that had not seen the image.
    """

    rows: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    held_out: np.ndarray

    @classmethod
    def among(cls, labelled, probabilities):
        """Take from arrays.Labelled what has probabilities (N, 10), NaN where nobody judged."""
        rows = np.flatnonzero(~np.isnan(probabilities[:, 0]))
        return cls(
            rows + 1,
            labelled.images[rows],
            labelled.labels[rows],
            probabilities[rows],
            labelled.fold[rows] == arrays.HELD_OUT,
        )

    def where(self, chosen):
        """Those that `chosen` (a mask or indices) picks, in its order."""
        return Predictions(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def __len__(self):
        return len(self.labels)

    @property
    def predicted(self):
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self):
        return self.probabilities.max(axis=1)

    def mistakes(self):
        """Those taken for another digit, the surest first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return self.where(wrong[np.argsort(-self.confidence[wrong], kind="stable")])

    def least_confident(self, most):
        """The `most` images with the least confidence, the least sure first."""
        return self.where(np.argsort(self.confidence, kind="stable")[:most])
