"""predict_digit.py on files: a line for each picture, whatever lies in its way."""

import json
import subprocess
import sys

import numpy as np
import pytest
from pictures import bomb, png
from PIL import Image

from digits.data import sources
from digits.handwriting.recognizer import Reader
from digits.model import network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pictures(untrained_project, few_digits):
    """A folder with a good picture, one in a subfolder, a hidden file, and all that can be wrong with one."""
    folder = untrained_project / "pictures"
    (folder / "more").mkdir(parents=True)
    digit = Image.fromarray(255 - few_digits[0][4]).resize((280, 280))
    digit.save(folder / "a.png")
    digit.convert("RGB").save(folder / "more/b.jpg", quality=90)
    (folder / ".hidden").write_text("not looked at")
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("no image")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:200])
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    (folder / "bomb.png").write_bytes(bomb(60_000))
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    return folder


def run(project, *arguments, stdin=b""):
    command = [sys.executable, "predict_digit.py", *arguments]
    ran = subprocess.run(command, cwd=project.folder, env=project.environment, input=stdin, capture_output=True)
    return ran.returncode, ran.stdout.decode().splitlines(), ran.stderr.decode().splitlines()


def test_good_pictures_get_a_line_each_and_bad_ones_are_named_while_the_rest_go_on(untrained_project, pictures):
    status, lines, errors = run(untrained_project, "pictures")
    assert status == 1
    assert [line.split("\t")[0] for line in lines] == ["pictures/a.png", "pictures/more/b.jpg"]
    for _, digit, probability in (line.split("\t") for line in lines):
        assert digit in "0123456789" and 0.1 <= float(probability) <= 1
    assert [line.split(" (")[0] for line in errors] == [
        "error: pictures/blank.png is blank",
        "error: pictures/bomb.png has 60,000 × 60,000 pixels; at most 50,000,000 are read",
        "error: pictures/cut.png is damaged",
        "error: pictures/empty.png is empty",
        "error: pictures/notes.txt is no image",
        "error: pictures/phone.heic is a HEIC picture, which is not read; save it as JPEG or PNG",
    ]


def test_json_has_all_ten_probabilities_and_a_missing_file_is_named(untrained_project, pictures):
    status, lines, errors = run(untrained_project, "--json", "pictures/a.png", "nowhere.png")
    assert status == 1 and errors == ["error: nowhere.png cannot be read: No such file or directory"]
    answer = json.loads(lines[0])
    assert answer["path"] == "pictures/a.png"
    assert np.shape(answer["probabilities"]) == (1, 10) and np.sum(answer["probabilities"]) == pytest.approx(
        1, abs=1e-4
    )
    assert answer["digits"] == str(np.argmax(answer["probabilities"]))


def test_standard_input_and_a_number_are_read(untrained_project, pictures, few_digits):
    row = np.hstack([255 - few_digits[0][i] for i in (4, 5, 7)])
    picture = png(Image.fromarray(row).resize((840, 280), Image.Resampling.NEAREST))
    status, lines, errors = run(untrained_project, "--number", "-", stdin=picture)
    assert (status, errors) == (0, [])
    name, digits, _ = lines[0].split("\t")
    assert name == "-" and len(digits) == 3


def test_a_picture_is_read_by_the_members_of_params_yaml_together(untrained_project, few_digits):
    picture = Image.fromarray(few_digits[0][4])
    members = [network.load(untrained_project / f"models/member-{member}.keras") for member in (0, 3)]
    together = Reader(members).read(picture)[0].probabilities
    apart = [Reader([member]).read(picture)[0].probabilities for member in members]
    np.testing.assert_allclose(together, np.mean(apart, axis=0), atol=1e-6)
    assert np.abs(apart[0] - apart[1]).max() > 1e-3


def test_the_network_sees_a_framed_digit_as_it_is(untrained_project):
    digit = sources.sample()[0][0]
    member = network.load(untrained_project / "models/member-0.keras")
    np.testing.assert_array_equal(Reader([member]).read(Image.fromarray(digit))[0].image, digit)


def test_an_ensemble_of_six_reads_without_a_warning(make_project, few_digits):
    """Nor does it matter which of Keras's backends other programs of the user take."""
    project = make_project(members=list(range(6)))
    project.environment["KERAS_BACKEND"] = "torch"
    for member in range(6):
        network.save(network.build(2, 0.0), project / f"models/member-{member}.keras")
    status, lines, errors = run(project, "-", stdin=png(Image.fromarray(few_digits[0][4]).resize((280, 280))))
    assert (status, len(lines), errors) == (0, 1, [])


def test_without_a_trained_model_one_line_says_what_to_do(untrained_project):
    (untrained_project / "models/member-3.keras").rename(untrained_project / "elsewhere.keras")
    status, lines, errors = run(untrained_project, "pictures/a.png")
    (untrained_project / "elsewhere.keras").rename(untrained_project / "models/member-3.keras")
    assert (status, lines) == (1, []) and errors == ["error: models/member-3.keras is missing; `dvc repro` trains one"]
