"""`make export`: the files predict as the ensemble does, in a process that has nothing of this project."""

import subprocess
import sys

import numpy as np
import pytest
from project import write_settings

pytest.importorskip("onnx", reason="needs `make .venv/export-ready`")

from onnx.reference import ReferenceEvaluator

from digits.errors import InputError

pytestmark = pytest.mark.slow  # builds networks, and starts TensorFlow in processes of its own

ELSEWHERE = """
import sys
import keras
import numpy as np
import tensorflow
assert keras.saving.load_model("member-0.keras").output_shape == (None, 10)
images = np.load("images.npy")
saved_model = tensorflow.saved_model.load("export/saved_model")
runner = tensorflow.lite.Interpreter("export/digits.tflite").get_signature_runner()
np.savez(
    "probabilities.npz",
    litert=runner(images=images)["probabilities"],
    one_image=runner(images=images[:1])["probabilities"],
    saved_model=saved_model.serve(images)["probabilities"],
)
assert "digits" not in sys.modules
"""


def test_the_exported_files_give_the_mean_of_the_members_without_this_project(
    untrained_project, few_digits, tmp_path, monkeypatch, capsys
):
    from digits import export
    from digits.model import network

    project = untrained_project
    monkeypatch.chdir(project.folder)
    (project / "export/saved_model").mkdir(parents=True)
    (project / "export/saved_model/old").touch()
    export.main()
    (line,) = capsys.readouterr().out.splitlines()
    assert "export/digits.tflite" in line
    assert sorted(path.name for path in (project / "export").iterdir()) == [
        "digits.onnx",
        "digits.tflite",
        "saved_model",
    ]
    assert not (project / "export/saved_model/old").exists()

    (project / "export").rename(tmp_path / "export")
    models = [network.load(project / f"models/member-{member}.keras", width=4, dropout=0.3) for member in (0, 3)]
    (tmp_path / "member-0.keras").write_bytes(network.to_bytes(network.to_float32(models[0])))  # as a training does
    images = few_digits[0].astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    ran = subprocess.run([sys.executable, "-P", "-c", ELSEWHERE], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    expected = np.mean([model.predict(images, verbose=0) for model in models], axis=0)
    got = dict(np.load(tmp_path / "probabilities.npz"))
    (got["onnx"],) = ReferenceEvaluator(str(tmp_path / "export/digits.onnx")).run(None, {"images": images[:50]})
    for name, count in ("litert", 200), ("one_image", 1), ("saved_model", 200), ("onnx", 50):
        np.testing.assert_allclose(got[name], expected[:count], atol=1e-5, err_msg=name)
        assert got[name].argmax(axis=1).tolist() == expected[:count].argmax(axis=1).tolist(), name


def test_without_the_model_of_a_member_it_is_named_and_nothing_is_written(backend, tmp_path, monkeypatch):
    from digits import export

    monkeypatch.chdir(tmp_path)
    write_settings(tmp_path)
    with pytest.raises(InputError, match=r"^models/member-0.keras is missing"):
        export.main()
    assert not (tmp_path / "export").exists()
