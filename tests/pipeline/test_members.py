"""`make members` trains several members at the same time."""

import pytest
from project import TINY, Project, stages_run


@pytest.mark.slow
def test_members_side_by_side_have_the_bytes_of_one_alone_and_leave_no_trace_once_dropped(make_project, tiny_run):
    alone = Project(tiny_run).locked()
    project = make_project(**TINY, members=[0, 1])
    project.install()
    printed = project.run("make", "members", "JOBS=2").stdout
    assert sorted(stages_run(printed)) == sorted(project.locked()) == sorted([*alone, "train@1", "predict@1"])
    for stage in ("train@0", "predict@0"):
        assert project.locked()[stage] == alone[stage]

    project.set(members=[0])
    assert set(project.repro()) == {"evaluate", "page", "submission"}
    for folder in ("data/predictions", "models", "reports/training"):
        assert {path.stem for path in (project / folder).iterdir()} == {"member-0"}
    assert {stage: project.locked()[stage] for stage in alone} == alone
