"""Export the networks, to use them elsewhere without this project: `make export`, which installs the packages for it.

models/member-K.keras     for each K of members
→ export/digits.tflite    LiteRT, for phones and small devices
→ export/digits.onnx      ONNX, for browsers, servers and other languages
→ export/saved_model/     TensorFlow

All hold the same model. Input `images`: (N, 28, 28) float32, grey levels of 0–255, white ink on black, framed as in
MNIST. Output `probabilities`: (N, 10) float32. Of an ensemble, it is the mean over the members. Test-time augmentation,
which the pipeline and the drawing page add, is not included.

    # images of the competition's test.csv; others are framed by digits/handwriting/mnist_frame.py
    images = numpy.loadtxt("test.csv", "float32", delimiter=",", skiprows=1).reshape(-1, 28, 28)

    from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert
    model = Interpreter("export/digits.tflite").get_signature_runner()
    probabilities = model(images=images)["probabilities"]

    import onnxruntime  # pip install onnxruntime
    model = onnxruntime.InferenceSession("export/digits.onnx")
    (probabilities,) = model.run(["probabilities"], {"images": images})

    import tensorflow  # pip install tensorflow
    model = tensorflow.saved_model.load("export/saved_model")
    probabilities = model.serve(images)["probabilities"]
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

from digits import errors, files
from digits.model import backend, network
from digits.model.backend import keras
from digits.settings import Members, Network
from digits.settings import Params as SettingsParams

FOLDER = Path("export")


class Params(SettingsParams):
    members: Members
    network: Network


def average(models: Sequence[keras.Model]) -> keras.Model:
    """Combine models into one whose output is the mean of their probabilities; it shares their weights."""
    images = keras.Input((28, 28), name="images")
    for number, model in enumerate(models):
        model.name = f"member_{number}"  # Keras refuses two parts of the same name
    outputs = [model(images) for model in models]
    mean = keras.layers.average(outputs) if len(outputs) > 1 else outputs[0]
    return keras.Model(images, {"probabilities": mean}, name="digits")


def write(model: keras.Model, folder: Path = FOLDER) -> None:
    """Write a model in each format.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    with files.atomic_write(folder / "digits.tflite") as partial:
        model.export(partial, format="litert", verbose=False)
    with files.atomic_write(folder / "digits.onnx") as partial:
        model.export(partial, format="onnx", verbose=False)
    with files.temporary_folder(folder / ".partial") as partial_folder:
        model.export(partial_folder / "saved_model", format="tf_saved_model", verbose=False)
        files.move_folder(partial_folder / "saved_model", folder / "saved_model")


def main() -> None:
    # of Keras 3.15, which restores for tf2onnx the names that NumPy 2 has dropped
    warnings.filterwarnings("ignore", message="In the future `np.object`", category=FutureWarning)
    params = Params.load()
    backend.configure()
    write(average(network.load_members(params.members, **params.network.model_dump())))
    names = ", ".join(f"{FOLDER}/{name}" for name in ("digits.tflite", "digits.onnx", "saved_model/"))
    print(f"{names}: images (N, 28, 28) of 0–255 in, probabilities (N, 10) out")


if __name__ == "__main__":
    errors.run(main)
