"""The user's Kaggle credentials: found where kagglehub looks for them, cleaned, and kept out of every message.

KAGGLE_API_TOKEN (the token or a file with it), ~/.kaggle/access_token, KAGGLE_USERNAME and KAGGLE_KEY, ~/.kaggle/kaggle.json
"""

import logging
import os
import re

from kagglehub import config

from digits.errors import InputError

SETTINGS = "https://www.kaggle.com/settings"
INVISIBLE = "\ufeff\u200b\u2060"  # byte order mark, zero-width space, word joiner: what copying leaves beside a token
QUOTES = "\"'`“”‘’"


def login():
    """Have Kaggle's client use the user's credentials, without the white space around them.

    Raises:
        InputError: they are missing or malformed; the message says how, and holds nothing of them.
    """
    if os.environ.get("KAGGLE_API_ENVIRONMENT", "PROD") not in ("PROD", "LOCALHOST"):  # the others print the token
        raise InputError("KAGGLE_API_ENVIRONMENT has a value for Kaggle's own developers; unset it")
    credentials, problem = None, None
    try:
        credentials = config.get_kaggle_credentials()
    except Exception as error:  # its message and what it is chained to may hold the token: it is not raised from here
        problem = (
            str(error)
            if type(error) is ValueError
            else f"your Kaggle credentials cannot be read ({type(error).__name__})"
        )
    if problem:
        raise InputError(f"{problem}; create a new token on {SETTINGS}, and save it as plain UTF-8 text")
    if not credentials:
        raise InputError(
            f"your Kaggle token is missing: create one on {SETTINGS} and put it into ~/.kaggle/access_token or the variable KAGGLE_API_TOKEN"
        )
    logging.getLogger(config.__name__).setLevel(logging.WARNING)  # which else reports that they are set
    if credentials.api_key:
        config.set_kaggle_api_token(_cleaned(credentials.api_key, "token (KAGGLE_API_TOKEN or ~/.kaggle/access_token)"))
    else:
        where = "(KAGGLE_USERNAME and KAGGLE_KEY, or ~/.kaggle/kaggle.json)"
        config.set_kaggle_credentials(
            _cleaned(credentials.username, f"user name {where}"), _cleaned(credentials.key, f"key {where}")
        )


def redacted(text):
    """Take the credentials in use out of a text."""
    credentials = config.get_kaggle_credentials()
    for secret in (credentials.api_key, credentials.key) if credentials else ():
        text = text.replace(secret, "[hidden]") if secret else text
    return text


def _cleaned(secret, name):
    """Strip a secret, and refuse what is no token or key but contains one."""
    secret = secret.strip().strip(INVISIBLE).strip() if isinstance(secret, str) else ""
    if not secret:
        problem = f"is empty; create one on {SETTINGS}"
    elif re.match(r"(export|set|setenv|\$env:)\b|\w+\s*=", secret):
        problem = "is a shell command; keep only what stands behind the ="
    elif secret[0] in QUOTES or secret[-1] in QUOTES:
        problem = "stands in quotes; take them away"
    elif secret[0] == "{":
        problem = "is the content of kaggle.json; save it as ~/.kaggle/kaggle.json instead"
    elif not re.fullmatch("[!-~]+", secret):
        problem = "has a space or a character in it that no token has; copy it again"
    else:
        return secret
    raise InputError(f"your Kaggle {name} {problem}")
