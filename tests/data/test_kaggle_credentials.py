"""Credentials: what copying leaves around a token is taken off, what is no token is refused, and no message holds it."""

import json
import traceback

import pytest
from kaggle_server import TOKEN
from kagglehub import config

from digits.data import kaggle_client, kaggle_credentials
from digits.errors import InputError


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home, in which nothing is set for Kaggle: the folder of its credentials."""
    folder = tmp_path / ".kaggle"
    folder.mkdir()
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder))
    config.clear_kaggle_credentials()
    yield folder
    config.clear_kaggle_credentials()


def given(home, monkeypatch, way, text):
    """Give the text as a token in one of the ways; bytes are for files."""
    if way == "variable":
        monkeypatch.setenv("KAGGLE_API_TOKEN", text)
    elif way == "key":
        monkeypatch.setenv("KAGGLE_USERNAME", "someone")
        monkeypatch.setenv("KAGGLE_KEY", text)
    else:
        (home / way).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    "around", ["{}\n", "{}\r\n", "  {} ", "\t{}\n\n", "\ufeff{}", "\ufeff{}\r\n", "{}\u200b"], ids=ascii
)
@pytest.mark.parametrize("way", ["variable", "access_token", "key"])
def test_what_copying_leaves_around_a_token_is_taken_off(home, monkeypatch, way, around):
    given(home, monkeypatch, way, around.format(TOKEN))
    kaggle_credentials.login()
    known = config.get_kaggle_credentials()
    assert TOKEN in (known.api_key, known.key)


def test_the_key_of_kaggle_json_is_cleaned_too(home, monkeypatch):
    given(home, monkeypatch, "kaggle.json", json.dumps({"username": "someone\n", "key": f" {TOKEN}\n"}))
    kaggle_credentials.login()
    assert (config.get_kaggle_credentials().username, config.get_kaggle_credentials().key) == ("someone", TOKEN)


@pytest.mark.parametrize(
    ("way", "text", "words"),
    [
        ("variable", f'"{TOKEN}"', "quotes"),
        ("variable", f"'{TOKEN}'", "quotes"),
        ("variable", f"“{TOKEN}”", "quotes"),
        ("variable", f"export KAGGLE_API_TOKEN={TOKEN}", "shell command"),
        ("access_token", f"KAGGLE_API_TOKEN={TOKEN}\n", "shell command"),
        ("access_token", f"KAGGLE_API_TOKEN = {TOKEN}\n", "shell command"),
        ("access_token", f"export KAGGLE_API_TOKEN='{TOKEN}'\n", "shell command"),
        ("variable", f"{TOKEN} {TOKEN}", "a space"),
        ("variable", f"{TOKEN}\nnext line", "a space"),
        ("variable", f"{TOKEN}é", "a character"),
        ("variable", " \n", "is empty"),
        ("variable", TOKEN * 100, None),
        ("variable", json.dumps({"username": "someone", "key": TOKEN}), "kaggle.json"),
        ("access_token", json.dumps({"username": "someone", "key": TOKEN}), "kaggle.json"),
        ("access_token", TOKEN.encode("utf-16"), "cannot be read (UnicodeDecodeError)"),
        ("access_token", f"{TOKEN}\0{TOKEN}", "a character"),
        ("key", f"'{TOKEN}'", "quotes"),
        ("kaggle.json", json.dumps({"username": "someone", "key": None}), "is empty"),
        ("kaggle.json", json.dumps({"username": "someone"}), "is missing 'key'"),
        ("kaggle.json", f'{{"username": "someone", "key": "{TOKEN}"', "Invalid Kaggle credentials file"),
        (
            "kaggle.json",
            f"\ufeff{json.dumps({'username': 'someone', 'key': TOKEN})}",
            "Invalid Kaggle credentials file",
        ),
        ("kaggle.json", "7", "cannot be read"),
    ],
    ids=range(22),
)
def test_what_is_no_token_is_refused_in_a_line_without_it(home, monkeypatch, way, text, words):
    given(home, monkeypatch, way, text)
    if words is None:  # longer than a file's name may be, which is how Kaggle's client takes it first
        words = "cannot be read"
    with pytest.raises(InputError) as refused:
        kaggle_credentials.login()
    printed = "".join(traceback.format_exception(refused.value))
    assert words in str(refused.value) and "\n" not in str(refused.value)
    assert TOKEN not in printed and TOKEN[5:] not in printed
    assert refused.value.__context__ is None and refused.value.__cause__ is None, (
        "a chained exception may hold the token"
    )


@pytest.mark.parametrize("environment", ["TEST", "STAGING", "nonsense"])
def test_another_environment_of_kaggles_is_refused(home, monkeypatch, environment):
    given(home, monkeypatch, "variable", TOKEN)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", environment)
    with pytest.raises(InputError, match="KAGGLE_API_ENVIRONMENT"):
        kaggle_credentials.login()


def test_the_credentials_in_use_are_taken_out_of_a_text(home, monkeypatch):
    given(home, monkeypatch, "variable", TOKEN)
    kaggle_credentials.login()
    assert kaggle_credentials.redacted(f"Bearer {TOKEN} refused") == "Bearer [hidden] refused"


def test_any_exception_of_kaggles_client_is_a_line_without_the_token(home, monkeypatch):
    given(home, monkeypatch, "variable", TOKEN)
    kaggle_credentials.login()

    def fail():
        raise Exception(f"Bearer {TOKEN}\nis odd")

    with pytest.raises(InputError, match=r"Kaggle's client failed \(Exception: Bearer \[hidden\] is odd\)") as refused:
        kaggle_client._with_retries(fail)
    assert refused.value.__context__ is None
