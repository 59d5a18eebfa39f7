"""Keras on TensorFlow, configured so that the same inputs give the same bytes on every machine.

Import Keras from here (`from digits.model.backend import keras`): the environment variables have to be set before its
first import. All code that needs TensorFlow itself is in this module; the rest of the project uses Keras alone.
"""

import logging
import os
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

# These override the environment and ~/.keras/keras.json, which other programs may have set and which change results.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # without it, training takes twice the time on processors without AVX-512
os.environ["TF_NUM_INTRAOP_THREADS"] = "2"  # changes the last bits of a sum; on two cores, 4 threads took 10 % longer
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("KERAS_MAX_EPOCHS", None)
os.environ.pop("KERAS_MAX_STEPS_PER_EPOCH", None)
os.environ.pop("TF_XLA_FLAGS", None)

import keras
import tensorflow

if keras.backend.backend() != "tensorflow":  # imported before this module
    raise ImportError(f"Keras uses {keras.backend.backend()}; set KERAS_BACKEND=tensorflow before importing keras")


def configure() -> None:
    """Set Keras's numeric defaults and deterministic algorithms; `network.build` and `network.load` call this."""
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    tensorflow.config.experimental.enable_op_determinism()
    logging.getLogger("tensorflow").addFilter(_is_no_retracing_warning)


def _is_no_retracing_warning(record: logging.LogRecord) -> bool:
    """TensorFlow warns that a function is traced too often where an ensemble has five networks."""
    return "triggered tf.function retracing" not in record.getMessage()


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, trained by TensorFlow's fused operation, which Keras does not use.

    40 steps of the default network take 5.5 s of processor time, and 5.9 s with Keras's layer (medians of six runs).
    """

    def call(self, inputs, training=None, mask=None):
        if not training:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tensorflow.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )
        for moving, batch in (self.moving_mean, mean), (self.moving_variance, variance):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs

    def to_keras(self) -> keras.layers.BatchNormalization:
        """Convert to Keras's own layer with the same weights, for a file that loads without this project."""
        layer = keras.layers.BatchNormalization.from_config(self.get_config())
        layer.build(self.input.shape)
        layer.set_weights(self.get_weights())
        return layer


def feed(batches: Sequence[tuple[NDArray[Any], ...]]) -> tensorflow.data.Dataset:
    """Make a dataset that yields the given batches once, in their order.

    The batches are plain NumPy, where `fit` would require a `PyDataset`. Autotuning is off: its thread sleeps for up to
    a minute, and the end of `fit` waits for it (TensorFlow 2.21).

    Args:
        batches: at least one; each is a tuple of arrays whose first axis is the batch.
    """
    dataset = tensorflow.data.Dataset.from_generator(
        lambda: (batches[i] for i in range(len(batches))),
        output_signature=tuple(tensorflow.TensorSpec((None, *part.shape[1:]), part.dtype) for part in batches[0]),
    )
    options = tensorflow.data.Options()
    options.autotune.enabled = False
    counted = dataset.apply(tensorflow.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(2).with_options(options)
