"""Kaggle credentials: a token is stripped of what was copied along with it, or refused; no message contains it."""

import json
import traceback

import pytest
from kaggle_server import TOKEN

from digits.data import kaggle_credentials, kaggle_requests
from digits.errors import InputError


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Save a text as the credentials in one of the places; no others are set."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / ".kaggle"))
    (tmp_path / ".kaggle").mkdir()

    def save(place, text):
        if place == "variable":
            monkeypatch.setenv("KAGGLE_API_TOKEN", text)
        elif place == "key":
            monkeypatch.setenv("KAGGLE_USERNAME", "someone")
            monkeypatch.setenv("KAGGLE_KEY", text)
        else:
            (tmp_path / ".kaggle" / place).write_bytes(text if isinstance(text, bytes) else text.encode())

    return save


@pytest.mark.parametrize(
    "copied", ["{}\n", "{}\r\n", "  {} ", "\t{}\n\n", "\ufeff{}", "\ufeff{}\r\n", "{}\u200b"], ids=ascii
)
@pytest.mark.parametrize("place", ["variable", "access_token", "key"])
def test_invisible_characters_around_a_token_are_stripped(save, place, copied):
    save(place, copied.format(TOKEN))
    found = kaggle_credentials.load()
    assert (found.key if place == "key" else found.api_key) == TOKEN


def test_user_name_and_key_of_kaggle_json_are_stripped(save):
    save("kaggle.json", json.dumps({"username": "someone\n", "key": f" {TOKEN}\n"}))
    found = kaggle_credentials.load()
    assert (found.username, found.key, found.api_key) == ("someone", TOKEN, None)


JSON = json.dumps({"username": "someone", "key": TOKEN})


@pytest.mark.parametrize(
    ("place", "text", "words"),
    [
        ("variable", f'"{TOKEN}"', "quotes"),
        ("variable", f"“{TOKEN}”", "quotes"),
        ("variable", f"export KAGGLE_API_TOKEN={TOKEN}", "shell command"),
        ("access_token", f"KAGGLE_API_TOKEN = {TOKEN}\n", "shell command"),
        ("access_token", f"export KAGGLE_API_TOKEN='{TOKEN}'\n", "shell command"),
        ("variable", f"{TOKEN} {TOKEN}", "a space"),
        ("variable", f"{TOKEN}é", "invalid character"),
        ("variable", " \n", "is empty"),
        ("variable", TOKEN * 100, "cannot be read"),  # kagglehub looks for a file of this name, which is too long
        ("variable", JSON, "kaggle.json"),
        ("access_token", TOKEN.encode("utf-16"), "cannot be read (UnicodeDecodeError)"),
        ("access_token", f"{TOKEN}\0{TOKEN}", "invalid character"),
        ("key", f"'{TOKEN}'", "quotes"),
        ("kaggle.json", json.dumps({"username": "someone", "key": None}), "is empty"),
        ("kaggle.json", json.dumps({"username": "someone"}), "is missing 'key'"),
        ("kaggle.json", JSON[:-1], "Invalid Kaggle credentials file"),
        ("kaggle.json", f"\ufeff{JSON}", "Invalid Kaggle credentials file"),
        ("kaggle.json", "7", "cannot be read"),
    ],
    ids=range(18),
)
def test_a_malformed_token_is_refused_and_not_printed(save, place, text, words):
    save(place, text)
    with pytest.raises(InputError) as refused:
        kaggle_credentials.load()
    assert words in str(refused.value) and "\n" not in str(refused.value)
    assert TOKEN[5:] not in "".join(traceback.format_exception(refused.value))
    assert refused.value.__context__ is None, "a chained exception may contain the token"


@pytest.mark.parametrize("environment", ["TEST", "STAGING", "nonsense"])
def test_another_environment_of_kaggle_is_refused(save, monkeypatch, environment):
    save("variable", TOKEN)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", environment)
    with pytest.raises(InputError, match="KAGGLE_API_ENVIRONMENT.*unset it"):
        kaggle_credentials.load()


def test_a_failed_request_is_not_chained_to_an_exception_with_the_token(save, kaggle_server, tmp_path, monkeypatch):
    from digits.data import kaggle_client

    kaggle_server.connect(tmp_path, monkeypatch)
    kaggle_server.fault = "403"
    with pytest.raises(InputError) as refused:
        kaggle_client.get_submission(1)
    assert refused.value.__context__ is None and refused.value.__cause__ is None


def test_an_unexpected_exception_of_kaggles_client_is_one_line_without_the_token(save):
    save("variable", f"{TOKEN}\n")

    def fail():
        raise ValueError(f"Invalid header value b'Bearer {TOKEN}'\nin the request")

    with pytest.raises(InputError) as refused:
        kaggle_requests.send(fail)
    assert "ValueError" in str(refused.value) and "[hidden]" in str(refused.value)
    assert "\n" not in str(refused.value) and TOKEN not in "".join(traceback.format_exception(refused.value))
