"""`dvc push` and `dvc pull` with an S3 bucket: a clone trains nothing, and no image reaches the bucket."""

import json
import shutil

import object_store
import pytest
from project import Project

moto_server = pytest.importorskip("moto.server", reason="needs moto[server]")
pytest.importorskip("dvc_s3", reason="needs dvc[s3]")

SHARED = {  # what may leave the machine; everything else has images in it
    "data/predictions/held_out.npz",
    "data/predictions/labelled.npz",
    "data/predictions/unlabelled.npz",
    "models/member-0.keras",
    "reports/details.json",
    "reports/labels",
    "reports/submission.csv",
    "reports/training/member-0",
    "reports/training/member-0.json",
}

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tiny_project, tmp_path):
    """A copy of the tiny project with its results, still without a remote."""
    return Project(shutil.copytree(tiny_project.folder, tmp_path / "project", symlinks=True))


@pytest.fixture(scope="module")
def url():
    with object_store.bucket(moto_server) as url:
        yield url


def outputs(project):
    """List (path, MD5 hash) of every output that dvc.lock records and DVC caches, the files of folders included."""
    for stage in project.locked().values():
        for out in stage["outs"]:
            yield out["path"], out["md5"]
            if out["md5"].endswith(".dir"):
                listing = project / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:]
                yield from ((out["path"], file["md5"]) for file in json.loads(listing.read_text()))


def push(project, url):
    object_store.connect(project.folder, url)
    project.environment |= object_store.CREDENTIALS
    project.run("dvc", "push", "--quiet")
    project.git("commit", "-qam", "Share the results")


def clone_of(project, folder):
    project.git("clone", "-q", ".", str(folder))
    clone = Project(folder)
    clone.environment |= object_store.CREDENTIALS
    return clone


def test_a_clone_pulls_the_results_and_no_image_reaches_the_bucket(project, url, tmp_path):
    push(project, url)
    objects = {key.removeprefix("digits/files/md5/").replace("/", "") for key in object_store.stored(url)}
    made = {path for path, _ in outputs(project)} - {"reports/metrics.json"}  # that one is in Git
    assert made > SHARED and all(
        path.startswith(("data/raw/", "data/prepared/", "reports/index.html", "reports/plots"))
        for path in made - SHARED
    )
    assert objects == {md5 for path, md5 in outputs(project) if path in SHARED}

    clone = clone_of(project, tmp_path / "clone")
    clone.run("dvc", "pull", "--quiet", "--allow-missing")
    assert (clone / "models/member-0.keras").read_bytes() == (project / "models/member-0.keras").read_bytes()
    assert clone.repro("--pull", "--allow-missing") == []
    assert not list((clone / "data").glob("raw/*"))


@pytest.mark.faults
def test_a_clone_makes_the_images_itself_and_trains_only_what_changed(project, url, tmp_path):
    push(project, url)
    clone = clone_of(project, tmp_path / "clone")
    clone.run("dvc", "pull", "--quiet", "--allow-missing")
    assert set(clone.repro()) == {"fetch", "prepare", "evaluate"}
    assert clone.git("status", "--short") == "", "the same bytes"
    clone.set(members=[0, 1])
    assert set(clone.repro("--pull")) == {"train@1", "predict", "evaluate", "submission"}


@pytest.mark.faults
def test_a_change_in_a_clone_without_the_images_is_refused(project, url, tmp_path):
    push(project, url)
    clone = clone_of(project, tmp_path / "clone")
    clone.set(lr=0.004)
    refused = clone.run("dvc", "repro", "--pull", "--allow-missing", check=False)
    assert refused.returncode != 0 and "data/prepared/labelled.npz" in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.mark.faults
@pytest.mark.parametrize(
    ("status", "code", "reason"), [(403, "AccessDenied", "Forbidden"), (507, "QuotaExceeded", "QuotaExceeded")]
)
def test_a_remote_that_is_forbidden_or_full_loses_nothing(project, url, status, code, reason):
    with object_store.refusing(status, code) as refusing:
        check_that_a_failed_push_loses_nothing(project, refusing, reason, url)


@pytest.mark.faults
def test_a_remote_that_is_down_loses_nothing(project, url):
    with object_store.refusing(403, "") as gone:
        pass
    check_that_a_failed_push_loses_nothing(project, gone, "connect", url)


def check_that_a_failed_push_loses_nothing(project, broken, reason, url):
    refused = object_store.connect(project.folder, broken).run("dvc", "push", check=False)
    assert refused.returncode != 0 and reason in refused.stdout and "Traceback" not in refused.stdout
    assert "up to date" in project.run("dvc", "status").stdout
    push(project, url)
