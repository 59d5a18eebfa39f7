"""Export the network, to use it elsewhere without this project: `make export`.

models/member-K.keras     for each K of members
→ export/digits.tflite    LiteRT, for phones and small devices
→ export/saved_model/     TensorFlow

Both hold the same model. Input `images`: (N, 28, 28) float32, grey levels of 0–255, white ink on black, framed as in
MNIST. Output: probabilities (N, 10) float32. Of an ensemble, it is the mean over the members. Test-time augmentation,
which the pipeline and the drawing page add, is not included.

    from ai_edge_litert.interpreter import Interpreter  # of the package ai-edge-litert
    model = Interpreter("export/digits.tflite").get_signature_runner()
    probabilities = model(images=images)["output_0"]

    import tensorflow
    model = tensorflow.saved_model.load("export/saved_model")
    probabilities = model.serve(images)
"""

from collections.abc import Sequence
from pathlib import Path

from digits import errors, files
from digits.model import backend, ensemble
from digits.model.backend import keras
from digits.settings import Members
from digits.settings import Params as SettingsParams

FOLDER = Path("export")


class Params(SettingsParams):
    members: Members


def average(models: Sequence[keras.Model]) -> keras.Model:
    """Combine models into one whose output is the mean of their probabilities; it shares their weights."""
    images = keras.Input((28, 28), name="images")
    for number, model in enumerate(models):
        model.name = f"member_{number}"  # Keras refuses two parts of the same name
    outputs = [model(images) for model in models]
    return keras.Model(images, keras.layers.average(outputs) if len(outputs) > 1 else outputs[0], name="digits")


def write(model: keras.Model, folder: Path = FOLDER) -> None:
    """Write a model in each format.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    with files.atomic_write(folder / "digits.tflite") as partial:
        model.export(partial, format="litert", verbose=False)
    with files.temporary_folder(folder / ".partial") as partial_folder:
        model.export(partial_folder / "saved_model", format="tf_saved_model", verbose=False)
        files.move_folder(partial_folder / "saved_model", folder / "saved_model")


def main() -> None:
    backend.configure()
    write(average(ensemble.load(Params.load().members)))
    print(f"{FOLDER}/digits.tflite, {FOLDER}/saved_model/: images (N, 28, 28) of 0–255 in, probabilities (N, 10) out")


if __name__ == "__main__":
    errors.run(main)
