"""On another kind of processor than that of the committed results, `make` says to commit its own."""

import re

import pytest
import yaml
from project import stages_run

pytestmark = pytest.mark.slow
HINT = 'git commit -m "Baseline"'


@pytest.fixture(scope="module")
def elsewhere(tiny_project):
    """Return the tiny project with the committed results of another processor: other bytes from train on."""
    locked = yaml.safe_load((tiny_project / "dvc.lock").read_text())
    for name in ("train@0", "predict", "evaluate"):
        for out in locked["stages"][name]["outs"]:
            out["md5"] = re.sub("^[0-9a-f]{4}", "0000", out["md5"])
    for name in ("predict", "evaluate"):
        for dep in locked["stages"][name]["deps"]:  # whole folders, of which each member writes a part
            if dep["path"] in ("models", "reports/training"):
                dep["md5"] = re.sub("^[0-9a-f]{4}", "0000", dep["md5"])
    (tiny_project / "dvc.lock").write_text(yaml.safe_dump(locked, sort_keys=False))
    tiny_project.git("commit", "-qam", "The results of another processor")
    tiny_project.install()
    return tiny_project


def test_after_the_baseline_is_committed_a_setting_that_changes_and_returns_trains_nothing_twice(elsewhere):
    assert HINT in elsewhere.run("make").stdout
    lock = (elsewhere / "dvc.lock").read_text()
    (elsewhere / "dvc.lock").write_text(
        lock.replace("  predict:\n", "  train@7:\n    cmd: of a member that is no longer listed\n  predict:\n")
    )
    assert HINT in elsewhere.run("python", "-m", "digits.evaluation.summary").stdout
    (elsewhere / "dvc.lock").write_text(lock)
    assert elsewhere.git("status", "--porcelain", "--untracked-files=no").strip()
    elsewhere.git("add", "-A")
    elsewhere.git("commit", "-qm", "Baseline")
    again = elsewhere.run("make").stdout
    assert stages_run(again) == [] and HINT not in again and elsewhere.git("status", "--porcelain") == ""

    settings = (elsewhere / "params.yaml").read_bytes()
    elsewhere.set(lr=0.002)
    changed = elsewhere.run("make").stdout
    assert "train@0" in stages_run(changed) and HINT not in changed and "dvc push" not in changed
    (elsewhere / "params.yaml").write_bytes(settings)
    back = elsewhere.run("make").stdout
    assert stages_run(back) == [] and HINT not in back
    assert elsewhere.git("status", "--porcelain") == ""
