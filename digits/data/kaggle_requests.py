"""Requests to Kaggle with time limits and retries, whose failures are one line each.

kagglesdk and kagglehub have neither a time limit nor retries, and no settings for them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import requests
import tenacity
from kagglehub.exceptions import DataCorruptionError
from kagglesdk.competitions.services.competition_api_service import CompetitionApiClient
from kagglesdk.kaggle_http_client import KaggleHttpClient
from requests.adapters import HTTPAdapter

from digits.data import kaggle_credentials
from digits.errors import InputError

COMPETITION = "digit-recognizer"
PAGE = f"https://www.kaggle.com/competitions/{COMPETITION}"
TIMEOUTS = (10, 60)  # seconds to connect, and between two answers of the server
RETRY_DELAYS = (1, 3, 9)  # seconds before the second, third and fourth attempt

_TRANSIENT = {429, 500, 502, 503, 504}
_MEANINGS = {
    400: "Kaggle refused the request (400)",
    401: "Kaggle rejected your token (401); create a new one on https://www.kaggle.com/settings",
    403: f"Kaggle denied access (403); accept the competition's rules on {PAGE}/rules, with the account of your token",
    404: f"Kaggle found no competition {COMPETITION} (404)",
    429: "Kaggle's rate limit is exceeded (429), also after several retries; try again in some minutes",
}
_Result = TypeVar("_Result")


class _TimeoutAdapter(HTTPAdapter):
    def send(self, *arguments: Any, **settings: Any) -> requests.Response:
        return super().send(*arguments, **settings | {"timeout": TIMEOUTS})


class _HttpClient(KaggleHttpClient):
    """Kaggle's HTTP client with time limits, for which it has no setting."""

    def _init_session(self) -> None:
        is_new = self._session is None
        super()._init_session()
        if is_new:
            for scheme in ("https://", "http://"):
                self._session.mount(scheme, _TimeoutAdapter())


@contextmanager
def connect() -> Iterator[CompetitionApiClient]:
    """Open the client of Kaggle's competitions with the user's credentials.

    Raises:
        InputError: The credentials are missing or malformed.
    """
    user = kaggle_credentials.load()
    with _HttpClient(username=user.username, password=user.key, api_token=user.api_key) as client:
        yield CompetitionApiClient(client)


def send(
    call: Callable[[], _Result],
    delays: tuple[float, ...] | None = None,
    advice: str = "check the network and run it again; it continues what was downloaded",
) -> _Result:
    """Send a request with retries if its failure is transient.

    Args:
        call: sends the request and returns the result.
        delays: seconds before each further attempt; RETRY_DELAYS if None.
        advice: what to do if there was no answer.

    Raises:
        InputError: The cause and what to do. It is not chained to the client's exception, which contains the request,
            and so the token.
    """
    delays = RETRY_DELAYS if delays is None else delays
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_transient),
        stop=tenacity.stop_after_attempt(len(delays) + 1),
        wait=tenacity.wait_chain(*map(tenacity.wait_fixed, (*delays, 0))),
        before_sleep=_print_retry,
        reraise=True,
    )
    try:
        return retrying(call)
    except DataCorruptionError:
        failure = "the download from Kaggle is damaged (its MD5 is wrong); try again later"
    except requests.RequestException as error:
        failure = _format_failure(error, advice)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # not raised again, since the message may contain the token
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk
        message = " ".join(kaggle_credentials.redact(str(error)).split())[:200]
        failure = f"Kaggle's client failed ({type(error).__name__}: {message})"
    raise InputError(failure)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, requests.RequestException):
        return error.response is None or error.response.status_code in _TRANSIENT
    return isinstance(error, DataCorruptionError)


def _print_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    response = getattr(error, "response", None)
    reason = type(error).__name__ if response is None else response.status_code
    print(f"Kaggle: {reason}; trying again in {state.upcoming_sleep:g} s", flush=True)


def _format_failure(error: requests.RequestException, advice: str) -> str:
    if error.response is None:
        failure = "did not answer in time" if isinstance(error, requests.Timeout) else "could not be reached"
        return f"Kaggle {failure} ({type(error).__name__}); {advice}"
    status = error.response.status_code
    meaning = _MEANINGS.get(status, f"Kaggle is unavailable ({status}); try again later")
    return f"{meaning}: {_server_message(error.response)}" if status == 400 else meaning


def _server_message(response: requests.Response) -> str:
    try:
        message = " ".join(str(response.json()["message"]).split())[:200]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    return kaggle_credentials.redact(message)
