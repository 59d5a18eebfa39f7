"""Environments of other machines and users, which must not change a result."""

import json
import os

ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "5",
    "OMP_NUM_THREADS": "3",
    "OPENBLAS_NUM_THREADS": "1",
    "LC_ALL": "C",
    "TZ": "Pacific/Kiritimati",
    "PYTHONHASHSEED": "4711",
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
}
# in this locale DVC requires a path without umlauts too
NO_UMLAUTS = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
PATH = "Größe 7, señor"


def one_core():
    """Let a process use one core only, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def furnish(home):
    """Write a user's own settings of Keras and Matplotlib into a home folder."""
    (home / ".keras").mkdir(parents=True)
    keras = {"floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first", "backend": "torch"}
    (home / ".keras/keras.json").write_text(json.dumps(keras))
    (home / ".config/matplotlib").mkdir(parents=True)
    (home / ".config/matplotlib/matplotlibrc").write_text("figure.facecolor: yellow\nfont.size: 20\nimage.cmap: gray\n")
    return home
