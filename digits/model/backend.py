"""Keras on TensorFlow, so that the same inputs give the same bytes on every machine of a kind.

Import Keras from here (`from digits.model.backend import keras`): the environment variables have to be set before its
first import. Whoever starts a process calls `configure` once. All code that needs TensorFlow itself is in this module;
the rest of the project uses Keras alone.
"""

import logging
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

# These override the environment and ~/.keras/keras.json, which other programs may have set and which change results.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # without it, training takes twice the time on processors without AVX-512
os.environ.pop("TF_NUM_INTRAOP_THREADS", None)  # `configure` sets the number of threads
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("KERAS_MAX_EPOCHS", None)
os.environ.pop("KERAS_MAX_STEPS_PER_EPOCH", None)
os.environ.pop("TF_XLA_FLAGS", None)

import keras
import tensorflow

if keras.backend.backend() != "tensorflow":  # imported before this module
    raise ImportError(f"Keras uses {keras.backend.backend()}; set KERAS_BACKEND=tensorflow before importing keras")


def configure(threads: int = 2, precision: str = "float32") -> str:
    """Configure this process: numeric defaults, deterministic algorithms, threads, precision and the GPU's memory.

    Args:
        threads: CPU threads of an operation. Their number changes the last bits of a sum.
        precision: Keras's dtype policy, float32 or mixed_bfloat16: with the latter, the layers compute in bfloat16 and
            keep their weights in float32.

    Returns:
        the device that TensorFlow computes on: "CPU", or the name of the first GPU.

    Raises:
        RuntimeError: TensorFlow has already started in this process with another number of threads.
    """
    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    gpus = tensorflow.config.list_physical_devices("GPU")
    for gpu in gpus:
        tensorflow.config.experimental.set_memory_growth(gpu, True)  # so that two trainings fit on one GPU
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(precision)
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    tensorflow.config.experimental.enable_op_determinism()
    logging.getLogger("tensorflow").addFilter(_is_no_retracing_warning)
    return tensorflow.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "CPU"


def find_unused_gpu() -> str | None:
    """Name a GPU of this machine that TensorFlow does not see, or return None."""
    if tensorflow.config.list_physical_devices("GPU"):
        return None
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "Apple GPU"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")  # on purpose
    names = [path.read_text() for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))]
    return None if hidden or not names else _model_name(names[0])


def _model_name(information: str) -> str:
    """Read the model from the NVIDIA driver's description of a GPU."""
    fields = dict(line.split(":", 1) for line in information.splitlines() if ":" in line)
    return fields.get("Model", "NVIDIA GPU").strip()


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
