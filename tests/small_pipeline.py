"""A pipeline that starts quickly, and whose trainings do what a test tells them."""

import json
import shutil
import sys

import graph
from project import Project

DVC_YAML = """
stages:
  prepare:
    cmd: echo images > images.txt
    outs: [images.txt]
  train:
    matrix: {member: "${members}"}
    cmd: python train.py ${item.member}
    deps: [images.txt, train.py]
    params: [lr]
    outs:
      - models/member-${item.member}.txt
  predict:
    cmd: cat models/member-*.txt > predictions.txt
    deps: [models]
    params: [members]
    outs: [predictions.txt]
"""
TRAIN = """
import json, os, pathlib, sys, time
member, model = sys.argv[1], pathlib.Path(f"models/member-{sys.argv[1]}.txt")
orders = json.loads(pathlib.Path(".work/orders.json").read_text())
print("training", member, "in process", os.getpid(), flush=True)
if member in orders.get("fail", []):
    sys.exit("error: the loss became NaN")
limit, before = time.monotonic() + 90, orders.get("after", {}).get(member)
while member in orders.get("hang", []) or before and f"train@{before}:" not in pathlib.Path("dvc.lock").read_text():
    assert time.monotonic() < limit, "the other member is not trained at the same time"
    time.sleep(0.05)
model.parent.mkdir(exist_ok=True)
model.write_text(f"the network of member {member}")
"""
COMMAND = sys.executable, "-m", "digits.cluster.members", "--jobs"


class Pipeline(Project):
    def __init__(self, folder):
        folder.mkdir()
        super().__init__(folder)
        self.environment |= {"PYTHONPATH": str(graph.ROOT)}
        (self / ".dvc").mkdir()
        for name in ".dvc/config", ".dvc/.gitignore":
            shutil.copy(graph.ROOT / name, self / name)
        (self / "dvc.yaml").write_text(DVC_YAML)
        (self / "train.py").write_text(TRAIN)
        (self / ".gitignore").write_text("/.work/\n/models/\n/images.txt\n/predictions.txt\n")
        shutil.copy(graph.PARAMS, self / "params.yaml")
        self.set(members=[1, 0])
        self.order()
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "A small pipeline")

    def order(self, **orders):
        """Tell the trainings what to do: `fail=[K]`, `hang=[K]`, `after={K: J}`."""
        (self / ".work").mkdir(exist_ok=True)
        (self / ".work/orders.json").write_text(json.dumps(orders))

    def members(self, jobs=2):
        return self.run(*COMMAND, str(jobs), check=False)
