"""`dvc push` and `dvc pull` with an S3 bucket: a clone trains nothing, and no image reaches the bucket."""

import json

import object_store
import pytest
from project import Project

moto_server = pytest.importorskip("moto.server", reason="needs `make cluster-setup`")
pytest.importorskip("dvc_s3", reason="needs `make cluster-setup`")

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


@pytest.mark.slow
def test_a_clone_pulls_the_results_and_trains_nothing_and_no_image_reaches_the_bucket(tiny_project, tmp_path):
    with object_store.bucket(moto_server) as url:
        object_store.connect(tiny_project, url)
        tiny_project.run("dvc", "push")
        tiny_project.git("commit", "-qam", "Share the results")
        pushed = {key.removeprefix("digits/files/md5/").replace("/", "") for key in object_store.keys(url)}
        assert {path for path, _ in outputs(tiny_project)} > SHARED
        assert pushed == {md5 for path, md5 in outputs(tiny_project) if path in SHARED}

        tiny_project.git("clone", "-q", ".", str(tmp_path / "clone"))
        clone = Project(tmp_path / "clone")
        clone.environment |= object_store.CREDENTIALS
        assert clone.repro("--pull", "--allow-missing") == [], "nothing has to run"
        clone.run("dvc", "pull", "--allow-missing")
        assert (clone / "models/member-0.keras").read_bytes() == (tiny_project / "models/member-0.keras").read_bytes()
        assert set(clone.repro()) == {"fetch", "prepare", "evaluate"}, "it makes the images itself"
        assert clone.git("status", "--short") == "", "the same bytes"
