"""Temperature scaling, so that among images predicted with a confidence of 90 % nine of ten are correct.

Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from digits.model.backend import keras


def calibrate(model: keras.Model, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> float:
    """Fit the temperature to images that the network was not trained on, and divide the last layer's weights by it.

    Args:
        model: images in, ten probabilities out, the last layer dense with a softmax; its weights are changed.
        images: (V, 28, 28), 0–255.
        labels: (V,), digits 0–9.

    Returns:
        the temperature; below 1, it raises the confidence.
    """
    features = keras.Model(model.inputs, model.layers[-1].input).predict(images, batch_size=500, verbose=0)
    kernel, bias = model.layers[-1].get_weights()
    temperature = fit_temperature(features.astype(np.float64) @ kernel + bias, labels)
    model.layers[-1].set_weights([kernel / np.float32(temperature), bias / np.float32(temperature)])
    return temperature


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Return the temperature, from 0.05 to 20, with the lowest log loss of softmax(logits / temperature).

    A few hundred images may all be correct, and a confidence of 1 would then be best. So the label has a probability of
    1 − 1/(V + 2) and the other nine share the rest, as Platt (Advances in Large Margin Classifiers, 1999, section 2.2)
    replaces targets of 0 and 1.

    Args:
        logits: (V, 10).
        labels: (V,), digits 0–9.
    """
    rest = 1 / (len(labels) + 2)
    targets = np.where(np.eye(logits.shape[1], dtype=bool)[labels], 1 - rest, rest / (logits.shape[1] - 1))

    def log_loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((logsumexp(scaled, axis=1) - (targets * scaled).sum(axis=1)).mean())

    return float(np.exp(minimize_scalar(log_loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))
