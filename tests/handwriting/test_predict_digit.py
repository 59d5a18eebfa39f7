"""predict_digit.py on files: one line for each picture, also if others are invalid."""

import io
import json
import sys

import numpy as np
import pytest
from pictures import bomb, png
from PIL import Image

import predict_digit
from digits import errors
from digits.data import sources

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pictures(untrained_project, few_digits):
    """A folder with two valid pictures, one of them in a subfolder, a hidden file, and invalid ones."""
    folder = untrained_project / "pictures"
    (folder / "more").mkdir(parents=True)
    digit = Image.fromarray(255 - few_digits[0][4]).resize((280, 280))
    digit.save(folder / "a.png")
    digit.convert("RGB").save(folder / "more/b.jpg", quality=90)
    (folder / ".hidden").write_text("ignored")
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("not an image")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:200])
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    Image.new("1", (8000, 7000), 1).save(folder / "large.png")
    (folder / "bomb.png").write_bytes(bomb(60_000))
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    return folder


@pytest.fixture
def run(untrained_project, monkeypatch, capsys):
    """Run predict_digit.py: its exit status, the lines of standard output, and those of standard error."""

    def run(*arguments, stdin=b""):
        monkeypatch.chdir(untrained_project.folder)
        monkeypatch.setattr(sys, "argv", ["predict_digit.py", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            errors.run(predict_digit.main)
        out, err = capsys.readouterr()
        message = [ended.value.code] if isinstance(ended.value.code, str) else []
        return 1 if message else ended.value.code, out.splitlines(), err.splitlines() + message

    return run


def test_valid_pictures_are_predicted_and_each_invalid_one_is_reported(run, pictures):
    status, lines, messages = run("pictures")
    assert status == 1
    assert [line.split("\t")[0] for line in lines] == ["pictures/a.png", "pictures/more/b.jpg"]
    for _, digit, probability in (line.split("\t") for line in lines):
        assert digit in "0123456789" and 0.1 <= float(probability) <= 1
    facts = [
        ("blank.png", "blank"),
        ("bomb.png", "50,000,000"),
        ("cut.png", "damaged"),
        ("empty.png", "empty"),
        ("large.png", "8,000 × 7,000"),
        ("notes.txt", "not an image"),
        ("phone.heic", "HEIC"),
    ]
    assert len(messages) == len(facts)
    for line, (name, reason) in zip(messages, facts, strict=True):
        assert line.startswith(f"error: pictures/{name} ") and reason in line


def test_json_has_all_probabilities_and_a_missing_file_is_reported(run, pictures):
    status, lines, messages = run("--json", "pictures/a.png", "missing.png")
    assert status == 1 and len(messages) == 1 and "missing.png" in messages[0]
    prediction = json.loads(lines[0])
    assert prediction["path"] == "pictures/a.png"
    assert np.shape(prediction["probabilities"]) == (1, 10)
    assert np.sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert prediction["digits"] == str(np.argmax(prediction["probabilities"]))


def test_a_number_is_read_from_standard_input(run, few_digits):
    row = np.hstack([255 - few_digits[0][i] for i in (4, 5, 7)])
    picture = png(Image.fromarray(row).resize((840, 280), Image.Resampling.NEAREST))
    status, lines, messages = run("--number", "-", stdin=picture)
    assert (status, messages) == (0, [])
    name, digits, _ = lines[0].split("\t")
    assert name == "-" and len(digits) == 3


def test_the_probabilities_of_the_members_are_averaged(untrained_project, backend, few_digits):
    from digits.handwriting.recognizer import Recognizer
    from digits.model import network

    picture = Image.fromarray(few_digits[0][4])
    paths = [untrained_project / f"models/member-{member}.keras" for member in (0, 3)]
    members = [network.load(path, width=4, dropout=0.0) for path in paths]
    ensemble, *single = [Recognizer(models).predict(picture)[0] for models in (members, members[:1], members[1:])]
    probabilities = [prediction.probabilities for prediction in single]
    np.testing.assert_allclose(ensemble.probabilities, np.mean(probabilities, axis=0), atol=1e-6)
    assert np.abs(probabilities[0] - probabilities[1]).max() > 1e-3
    digit = sources.load_sample()[0][0]
    np.testing.assert_array_equal(Recognizer(members).predict(Image.fromarray(digit))[0].image, digit)


def test_a_missing_model_is_reported_with_the_command_that_trains_it(run, untrained_project):
    model, moved = untrained_project / "models/member-3.keras", untrained_project / "moved.keras"
    model.rename(moved)
    status, lines, messages = run("missing.png")
    moved.rename(model)
    assert (status, lines) == (1, []) and len(messages) == 1
    assert "models/member-3.keras" in messages[0] and "dvc repro" in messages[0]
