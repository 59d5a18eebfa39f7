"""Muon for convolutions: its steps are orthogonal and of the size that its authors give; the rest follows AdamW."""

import numpy as np
import pytest

from digits.model.backend import keras
from digits.model.optimizer import Muon


def step(shape, gradient, lr=0.1, **options):
    """What one step takes from a variable of zeros."""
    variable = keras.Variable(np.zeros(shape, np.float32))
    optimizer = Muon(lr, **{"weight_decay": 0.0, "adam_weight_decay": 0.0} | options)
    optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
    return -np.asarray(variable)


@pytest.mark.parametrize("shape", [(3, 3, 16, 32), (1, 1, 8, 64)], ids=["tall", "wide"])
def test_a_kernels_step_is_its_gradient_made_orthogonal(shape):
    gradient = np.random.default_rng(0).standard_normal(shape)
    taken = step(shape, gradient).reshape(-1, shape[-1])
    left, _, right = np.linalg.svd(gradient.reshape(-1, shape[-1]), full_matrices=False)
    size = 0.1 * 0.2 * np.sqrt(max(taken.shape))
    singular = np.linalg.svd(taken / size, compute_uv=False)
    assert singular.min() > 0.6 and singular.max() < 1.3  # five Newton-Schulz steps come so near to 1
    assert np.vdot(taken, left @ right) > 0.98 * np.linalg.norm(taken) * np.linalg.norm(left @ right)


@pytest.mark.parametrize("shape", [(5, 5, 1, 8), (16, 10), (16,)], ids=["first convolution", "dense", "bias"])
def test_everything_else_follows_adamw(shape):
    gradient = np.random.default_rng(1).standard_normal(shape)
    variable = keras.Variable(np.zeros(shape, np.float32))
    keras.optimizers.AdamW(0.1, weight_decay=0.0).apply(
        [keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable]
    )
    np.testing.assert_allclose(step(shape, gradient), -np.asarray(variable), rtol=1e-4)
