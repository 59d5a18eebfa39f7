"""Keras, made quiet and repeatable: `from digits.backend import keras` is the one way to it.

What concerns TensorFlow itself stands here; everything else is written against Keras alone.
"""

import gc
import logging
import os
import sys
from contextlib import contextmanager


@contextmanager
def _silent_standard_error():
    """Hide TensorFlow's C++ log, also what it says before its level counts; set TF_CPP_MIN_LOG_LEVEL to see it."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _lean_import(*needless):
    """Import in half of the time: without what is loaded for nobody here, and without looking for garbage among what stays for good."""
    missing = dict.fromkeys(set(needless) - sys.modules.keys())
    sys.modules.update(missing)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
        for package in missing:
            del sys.modules[package]


# to share a sum among: their number changes its last bits, so it is the same on every machine; on two cores 4 threads
# took 10 % more time than 2, and 8 took 25 % more
_THREADS = 2

# what a user's environment or ~/.keras/keras.json may have set for other programs, and what would change the results
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # off, or on a processor unknown to TensorFlow, training takes twice the time
for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "TF_XLA_FLAGS"):
    os.environ.pop(name, None)

with _silent_standard_error(), _lean_import("matplotlib", "pandas", "sklearn"):
    import keras
    import tensorflow

    if keras.backend.backend() != "tensorflow":  # imported before this module
        raise ImportError(
            f"Keras runs on {keras.backend.backend()} here; set KERAS_BACKEND=tensorflow before it is imported"
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    tensorflow.config.threading.set_intra_op_parallelism_threads(_THREADS)
    tensorflow.config.list_logical_devices()  # says now, unheard, that there is no GPU
    # TensorFlow takes the graphs of five networks for one that is built five times, and warns of the time it costs
    logging.getLogger("tensorflow").addFilter(
        lambda record: "triggered tf.function retracing" not in record.getMessage()
    )


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, trained by the one operation that TensorFlow has for it, in less than half the time of Keras's many."""

    def call(self, inputs, training=None, mask=None):
        if not training:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tensorflow.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )
        for moving, seen in (self.moving_mean, mean), (self.moving_variance, variance):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return outputs

    def plain(self):
        """Make Keras's own layer with the same weights: a file is for everyone."""
        layer = keras.layers.BatchNormalization.from_config(self.get_config())
        layer.build(self.input.shape)
        layer.set_weights(self.get_weights())
        return layer


def make_repeatable(seed):
    """Seed everything that draws (`seed` in 0…2³²−1) and choose algorithms that give the same bits each time."""
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()


def feed(batches):
    """Make of a PyDataset what `fit` takes fastest.

    Left to itself, TensorFlow tunes the feeding in a thread that sleeps for up to a minute, and the end of `fit` waits
    for it to wake (TensorFlow 2.21).
    """
    parts = batches[0]
    dataset = tensorflow.data.Dataset.from_generator(
        lambda: (batches[i] for i in range(len(batches))),
        output_signature=tuple(tensorflow.TensorSpec((None, *part.shape[1:]), part.dtype) for part in parts),
    )
    options = tensorflow.data.Options()
    options.autotune.enabled = False
    counted = dataset.apply(tensorflow.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(2).with_options(options)
