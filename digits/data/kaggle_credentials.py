"""The user's Kaggle credentials, found where kagglehub finds them, stripped, and kept out of every message.

In this order: KAGGLE_API_TOKEN (the token or a file with it), ~/.kaggle/access_token, KAGGLE_USERNAME and KAGGLE_KEY,
~/.kaggle/kaggle.json.
"""

import os
import re

from kagglehub import config

from digits.errors import InputError

SETTINGS = "https://www.kaggle.com/settings"
INVISIBLE = "\ufeff\u200b\u2060"  # byte order mark, zero-width space, word joiner: copied along with a token
QUOTES = "\"'`“”‘’"


def load() -> config.KaggleApiCredentials:
    """Load the credentials, without the white space around them.

    Returns:
        Either api_key, or username and key; the others are None.

    Raises:
        InputError: They are missing or malformed. The message contains nothing of them.
    """
    if os.environ.get("KAGGLE_API_ENVIRONMENT", "PROD") not in ("PROD", "LOCALHOST"):
        raise InputError("KAGGLE_API_ENVIRONMENT has a value for Kaggle's own developers; unset it")
    try:
        found, problem = config.get_kaggle_credentials(), None
    except Exception as error:  # not chained, since its message may contain the token
        kind = type(error)
        problem = str(error) if kind is ValueError else f"your Kaggle credentials cannot be read ({kind.__name__})"
    if problem:
        raise InputError(f"{problem}; create a new token on {SETTINGS}, and save it as plain UTF-8 text")
    if not found:
        raise InputError(
            f"your Kaggle token is missing; create one on {SETTINGS}, and save it in ~/.kaggle/access_token or the "
            "environment variable KAGGLE_API_TOKEN"
        )
    if found.api_key:
        token = _strip(found.api_key, "token (KAGGLE_API_TOKEN or ~/.kaggle/access_token)")
        return config.KaggleApiCredentials(api_key=token)
    where = "(KAGGLE_USERNAME and KAGGLE_KEY, or ~/.kaggle/kaggle.json)"
    username, key = _strip(found.username, f"user name {where}"), _strip(found.key, f"key {where}")
    return config.KaggleApiCredentials(username=username, key=key)


def redact(text: str) -> str:
    """Replace the token or key in a text."""
    credentials = load()
    return text.replace(credentials.api_key or credentials.key, "[hidden]")


def _strip(secret: object, name: str) -> str:
    """Strip a secret, and refuse a text that only contains one."""
    secret = secret.strip().strip(INVISIBLE).strip() if isinstance(secret, str) else ""
    if not secret:
        problem = f"is empty; create one on {SETTINGS}"
    elif re.match(r"(export|set|setenv|\$env:)\b|\w+\s*=", secret):
        problem = "is a shell command; keep only the part after the ="
    elif secret[0] in QUOTES or secret[-1] in QUOTES:
        problem = "is in quotes; remove them"
    elif secret[0] == "{":
        problem = "is the content of kaggle.json; save it as ~/.kaggle/kaggle.json instead"
    elif not re.fullmatch("[!-~]+", secret):
        problem = "contains a space or another invalid character; copy it again"
    else:
        return secret
    raise InputError(f"your Kaggle {name} {problem}")
