"""The header, the settings and the versions of reports/index.html."""

import hashlib
import re

import evaluated
import graph
import plotly.offline
import pytest
from evaluated import header, section

from digits.errors import InputError
from digits.evaluation import report, report_settings


def test_the_header_has_the_data_set_the_networks_and_their_training(page):
    assert "sample: 200 labelled images (20 held-out, 120 out-of-fold), 4 unlabelled" in header(page)
    assert "2 networks, averaged of 1,234 parameters" in header(page)
    assert "6 epochs, 720 augmented images in total; CPU, 2 threads, float32" in header(page)
    assert "settings members [0, 1] (default [0]) commit" in header(page)


def test_the_header_has_the_settings_that_differ_from_the_defaults(fill):
    folder = fill()
    assert "settings all as shipped commit" in header(evaluated.evaluate_in(folder))
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(
        re.sub("(?m)^lr: [^ ]+", "lr: 0.25", params).replace("rotate: 10 ", "rotate: 10.0")
    )
    page = evaluated.evaluate_in(folder)
    assert re.search(r"settings lr 0\.25 \(default 0\.\d+\) commit", header(page)), "10.0 is 10"
    assert re.search(r"lr 0\.25 \(default 0\.\d+\) learning rate", section(page, "settings"))


def test_each_setting_has_a_default():
    defaults, params = (path.read_text() for path in (report_settings.DEFAULTS, graph.ROOT / "params.yaml"))
    assert re.findall(r"(?m)^ *\w+:", defaults) == re.findall(r"(?m)^ *\w+:", params)


def test_the_header_names_the_start_of_the_hash_by_which_dvc_lock_records_the_predictions(page, folder):
    md5 = hashlib.md5((folder / "data/predictions/labelled.npz").read_bytes()).hexdigest()
    assert f"git log --all --oneline -S {md5[:12]} -- dvc.lock" in page


def test_the_plotly_of_the_page_is_the_installed_one():
    assert f" v{plotly.offline.get_plotlyjs_version()}\n" in report.PLOTLY.read_text(encoding="utf-8")[:100]


def test_every_setting_is_listed_with_its_value_as_dvc_reads_it_and_its_comment(fill):
    folder = fill()
    params = (folder / "params.yaml").read_text()
    params = re.sub(r"(?m)^epochs: \d+ .*", "epochs: 011  # <script>alert(1)</script>& passes", params)
    (folder / "params.yaml").write_text(params)
    page = evaluated.evaluate_in(folder)
    shown = section(page, "settings")
    for line in re.findall(r"^( *\w+): *(\S.*?)? +# (.*)$", params, re.MULTILINE):
        name, value, comment = (part.strip() for part in line)
        if name != "epochs":
            assert f"{name} {value} {comment}".replace("  ", " ") in shown
    assert "augment.rotate 10 degrees" in shown
    assert re.search(r"epochs 11 \(default \d+\) &lt;script&gt;alert\(1\)&lt;/script&gt;&amp; passes", shown)
    assert "<script>alert" not in page


def test_device_precision_and_versions_are_those_of_each_training(page, fill):
    trained_with = "device CPU, keras 3.15.1, parameters 1234, precision float32, python 3.11.9, threads 2"
    assert f"members 0, 1 {trained_with} this page python" in section(page, "settings")
    folder = fill(members=[0, 4])
    other = {"device": "<b>GPU</b>", "threads": 1, "precision": "mixed_bfloat16", "keras": "3.16"}
    evaluated.write_training(folder, 4, environment=evaluated.ENVIRONMENT | other)
    page = evaluated.evaluate_in(folder)
    assert f"member 0 {trained_with} member 4 device &lt;b&gt;GPU&lt;/b&gt;, keras 3.16, " in section(page, "settings")
    assert "; member 0: CPU, 2 threads, float32; member 4: &lt;b&gt;GPU&lt;/b&gt;, 1 thread, mixed" in header(page)


def test_a_missing_environment_of_a_training_is_one_line(fill):
    folder = fill()
    (folder / "reports/training/member-0.json").unlink()
    with pytest.raises(InputError, match=r"reports/training/member-0\.json is missing"):
        evaluated.evaluate_in(folder)
    assert not (folder / "reports/index.html").exists()
