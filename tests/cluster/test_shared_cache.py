"""`dvc push` and `dvc pull` with an S3 bucket: a clone trains nothing, and no image reaches the bucket."""

import contextlib
import json
import xml.etree.ElementTree

import pytest
import requests
from project import Project

moto_server = pytest.importorskip("moto.server", reason="needs `make cluster-setup`")
pytest.importorskip("dvc_s3", reason="needs `make cluster-setup`")

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "AWS_DEFAULT_REGION": "us-east-1"}
SHARED = {  # what may leave the machine; everything else has images in it
    "data/predictions/member-0.npz",
    "models/member-0.keras",
    "reports/details.json",
    "reports/draw.html",
    "reports/labels",
    "reports/submission.csv",
    "reports/training/member-0.csv",
    "reports/training/member-0.json",
}


def outputs(project):
    """List (path, MD5 hash) of every output that dvc.lock records and DVC caches, the files of folders included."""
    for stage in project.locked().values():
        for out in stage["outs"]:
            yield out["path"], out["md5"]
            if out["md5"].endswith(".dir"):
                listing = project / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:]
                yield from ((out["path"], file["md5"]) for file in json.loads(listing.read_text()))


@contextlib.contextmanager
def bucket():
    """Serve an empty S3 bucket on loopback, and yield the URL of the server."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        requests.put(f"{url}/bucket", timeout=10).raise_for_status()
        yield url
    finally:
        server.stop()


def keys(url):
    """List the keys of all objects in the bucket."""
    listing = requests.get(f"{url}/bucket?list-type=2", timeout=10)
    return [node.text for node in xml.etree.ElementTree.fromstring(listing.content).iter() if node.tag.endswith("Key")]


@pytest.mark.slow
def test_a_clone_pulls_the_results_and_trains_nothing_and_no_image_reaches_the_bucket(tiny_project, tmp_path):
    with bucket() as url:
        tiny_project.environment |= CREDENTIALS
        tiny_project.run("dvc", "remote", "add", "--default", "storage", "s3://bucket/digits")
        tiny_project.run("dvc", "remote", "modify", "storage", "endpointurl", url)
        tiny_project.run("dvc", "push")
        tiny_project.git("commit", "-qam", "Share the results")
        pushed = {key.removeprefix("digits/files/md5/").replace("/", "") for key in keys(url)}
        assert {path for path, _ in outputs(tiny_project)} > SHARED
        assert pushed == {md5 for path, md5 in outputs(tiny_project) if path in SHARED}

        tiny_project.git("clone", "-q", ".", str(tmp_path / "clone"))
        clone = Project(tmp_path / "clone")
        clone.environment |= CREDENTIALS
        assert clone.repro("--pull", "--allow-missing") == [], "nothing has to run"
        clone.run("dvc", "pull", "--allow-missing")
        assert (clone / "models/member-0.keras").read_bytes() == (tiny_project / "models/member-0.keras").read_bytes()
        assert clone.repro("prepare") == ["fetch", "prepare"], "it makes the images itself"
        assert clone.git("status", "--short") == "", "the same bytes"
