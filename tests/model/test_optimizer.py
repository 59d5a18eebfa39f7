"""Muon's steps on convolutions are orthogonal and of the published size; all other variables follow AdamW."""

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("backend")]  # builds networks


@pytest.fixture(scope="module")
def keras():
    from digits.model.backend import keras

    return keras


def step(optimizer, gradient):
    """Return what one step of the optimizer subtracts from a variable of zeros."""
    from digits.model.backend import keras

    variable = keras.Variable(np.zeros(gradient.shape, np.float32))
    optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
    return -np.asarray(variable)


def muon():
    from digits.model.optimizer import Muon

    return Muon(0.1, weight_decay=0.0, adam_weight_decay=0.0)


@pytest.mark.parametrize("shape", [(3, 3, 16, 32), (1, 1, 8, 64)], ids=["tall", "wide"])
def test_a_kernels_step_is_its_orthogonalized_gradient(shape):
    gradient = np.random.default_rng(0).standard_normal(shape)
    taken = step(muon(), gradient).reshape(-1, shape[-1])
    left, _, right = np.linalg.svd(gradient.reshape(-1, shape[-1]), full_matrices=False)
    size = 0.1 * 0.2 * np.sqrt(max(taken.shape))
    singular = np.linalg.svd(taken / size, compute_uv=False)
    assert singular.min() > 0.6 and singular.max() < 1.3  # the accuracy of five Newton-Schulz steps
    assert np.vdot(taken, left @ right) > 0.98 * np.linalg.norm(taken) * np.linalg.norm(left @ right)


@pytest.mark.parametrize("shape", [(5, 5, 1, 8), (16, 10), (16,)], ids=["first convolution", "dense", "bias"])
def test_all_other_variables_follow_adamw(keras, shape):
    gradient = np.random.default_rng(1).standard_normal(shape)
    adamw = keras.optimizers.AdamW(0.1, weight_decay=0.0)
    np.testing.assert_allclose(step(muon(), gradient), step(adamw, gradient), rtol=1e-4)
