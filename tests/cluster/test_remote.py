"""Training on a Ray cluster of this machine: same bytes, and each failure in one line."""

import hashlib

import pytest
from ray_cluster import RayCluster
from remote_training import connection, settings, train, write_images

from digits import arrays

pytest.importorskip("ray", reason="needs `make cluster-setup`")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    with RayCluster() as cluster:
        cluster.add_node(cpus=2)
        yield cluster


@pytest.fixture(scope="module")
def prepared(few_digits, tmp_path_factory):
    """A file of 200 labelled images in five folds."""
    return write_images(tmp_path_factory.mktemp("images"), *few_digits)


@pytest.fixture(scope="module")
def trained(cluster, prepared, tmp_path_factory):
    """What became of a good request, of one without a fold, one for 64 CPUs, and one with another version of SciPy."""
    metadata = tmp_path_factory.mktemp("packages") / "scipy-0.1.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Name: scipy\nVersion: 0.1\n")
    other_scipy = 1, settings(), str(metadata.parents[1])
    requests = (1, settings()), (7, settings()), (1, settings(**{"compute.threads": 64})), other_scipy
    return train(prepared, *requests, **connection(cluster))


def test_a_member_trained_on_a_node_has_the_same_bytes_as_one_trained_here(trained, prepared, tmp_path):
    from digits.model.training import train_member

    here = train_member(arrays.load_labelled(prepared), 1, settings(), tmp_path)
    assert trained.results[0] == vars(here) | {"model": hashlib.md5(here.model).hexdigest()}


def test_the_progress_on_the_node_is_printed_here_with_the_member(trained):
    lines = [line for line in trained.stdout.splitlines() if line.startswith("(member 1 pid=")]
    assert any("training member 1 on the CPU" in line for line in lines)
    assert any("Epoch 2/2" in line for line in lines)
    others = [line for line in trained.stdout.splitlines() if not line.startswith(("(member ", "RESULT "))]
    assert len(others) == 1 and "waiting" in others[0], "Ray prints nothing else"


def test_an_error_of_the_user_on_the_node_is_one_line_here(trained):
    assert "there is no fold 7" in trained.results[1]


def test_a_member_that_fits_on_no_node_names_the_setting_and_what_the_cluster_has(trained):
    assert all(part in trained.results[2] for part in ("64 CPUs", "2 CPUs", "compute.threads"))


def test_another_version_of_a_package_on_the_node_is_refused(trained):
    assert all(part in trained.results[3] for part in ("scipy", " 0.1", "node", "requirements.txt"))


@pytest.mark.parametrize(
    ("address", "fact"),
    [
        ("127.0.0.1:1", "refused"),
        ("ray://127.0.0.1:1", "refused"),
        ("nowhere.invalid:6379", "nowhere.invalid"),
        ("http://127.0.0.1:8265", "ray://host:10001"),
        ("127.0.0.1", "host:6379"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line(address, fact, prepared):
    (message,) = train(prepared, (1, settings()), RAY_ADDRESS=address).results
    assert fact in message and "RAY_ADDRESS" in message and message.isprintable()


def test_without_ray_the_command_that_installs_it_is_named(prepared, tmp_path):
    (tmp_path / "ray.py").write_text('raise ModuleNotFoundError(name="ray")')
    (message,) = train(prepared, (1, settings()), RAY_ADDRESS="auto", PYTHONPATH=str(tmp_path)).results
    assert "make cluster-setup" in message
