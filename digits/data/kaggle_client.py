"""Kaggle's API: download the competition's archive, submit an answer file, look up its score.

kagglesdk sends the requests; kagglehub finds the credentials, downloads, continues a cut download and verifies its MD5.
Neither has a time limit or retries. `kagglehub.competition_download` takes no client that has them, and is not used.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from kagglehub import clients, config
from kagglehub.exceptions import DataCorruptionError
from kagglehub.handle import CompetitionHandle
from kagglesdk.competitions.services.competition_api_service import CompetitionApiClient
from kagglesdk.competitions.types import competition_api_service as api
from kagglesdk.kaggle_http_client import KaggleHttpClient
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from digits import errors
from digits.errors import InputError

COMPETITION = "digit-recognizer"
PAGE = f"https://www.kaggle.com/competitions/{COMPETITION}"
TIMEOUTS = (10, 60)  # seconds to connect, and between two answers of the server
RETRIES = Retry(  # after 0, 2 and 4 s, or the time that Kaggle demands
    total=3,
    backoff_factor=1,
    retry_after_max=60,
    status_forcelist=[429, 500, 502, 503, 504],
    allowed_methods=None,  # all, since Kaggle's API has POST only
    raise_on_status=False,
)

_NEW_TOKEN = "create a new one on https://www.kaggle.com/settings"
_MEANINGS = {
    401: f"Kaggle rejected your token (401); {_NEW_TOKEN}",
    403: f"Kaggle denied access (403); accept the competition's rules on {PAGE}/rules, with the account of your token",
    404: f"Kaggle found no competition {COMPETITION} (404)",
    429: "Kaggle's rate limit is exceeded (429), also after several retries; try again in some minutes",
}


def download() -> Path:
    """Download the competition's archive to kagglehub's cache, unless it is there: it never changes.

    Returns:
        The zip archive. Its contents are not checked.

    Raises:
        InputError: The credentials, the network, Kaggle or the disk prevents it.
    """
    archive = Path(config.get_cache_folder(), "competitions", f"{COMPETITION}.zip")
    with errors.explain_os_errors(archive):
        if not archive.exists():
            archive.parent.mkdir(parents=True, exist_ok=True)
            partial = archive.with_suffix(".partial")
            request = api.ApiDownloadDataFilesRequest()
            request.competition_name = COMPETITION
            with _connect() as competitions, competitions.download_data_files(request) as response:
                clients.download_file(response, str(partial), CompetitionHandle(COMPETITION))
            partial.replace(archive)
    return archive


def submit(path: str | Path, message: str) -> int:
    """Upload an answer file and submit it to the competition.

    Returns:
        Kaggle's number of the submission.

    Raises:
        InputError: It was refused, or it is unknown whether it arrived.
    """
    path = Path(path)
    content = path.read_bytes()
    start = api.ApiStartSubmissionUploadRequest()
    start.competition_name, start.file_name = COMPETITION, path.name
    start.content_length, start.last_modified_epoch_seconds = len(content), int(path.stat().st_mtime)
    with _connect() as competitions:
        upload = competitions.start_submission_upload(start)
        response = requests.put(upload.create_url, data=content, timeout=TIMEOUTS)
        if response.status_code in (400, 401, 403, 404):  # not of the API but of the storage, whose addresses expire
            raise InputError(f"Kaggle refused the upload ({response.status_code}); run it again")
        response.raise_for_status()
    submission = api.ApiCreateSubmissionRequest()
    submission.competition_name, submission.blob_file_tokens = COMPETITION, upload.token
    submission.submission_description = message
    # no retries: if only the answer was lost, a second attempt would use up another of the day's few submissions
    advice = f"check on {PAGE}/submissions whether it arrived before you submit it again"
    with _connect(retries=0, advice=advice) as competitions:
        return competitions.create_submission(submission).ref


def get_submission(ref: int) -> Any:
    """Look up a submission by its number; the result has status, public_score and error_description."""
    request = api.ApiGetSubmissionRequest()
    request.ref = ref
    with _connect() as competitions:
        return competitions.get_submission(request)


class _TimeoutAdapter(HTTPAdapter):
    def send(self, *arguments: Any, **settings: Any) -> requests.Response:
        return super().send(*arguments, **settings | {"timeout": TIMEOUTS})


@contextmanager
def _connect(
    retries: Retry | int = RETRIES, advice: str = "check the network and run it again"
) -> Iterator[CompetitionApiClient]:
    """Open the client of Kaggle's competitions with the user's credentials.

    Args:
        retries: of each request.
        advice: what to do if there is no answer.

    Raises:
        InputError: A request failed. The message contains nothing of the request, and so not the token.
    """
    user = _load_credentials()
    with KaggleHttpClient(username=user.username, password=user.key, api_token=user.api_key) as client:
        adapter = _TimeoutAdapter(max_retries=retries)
        client._session.mount("https://", adapter)
        client._session.mount("http://", adapter)
        try:
            yield CompetitionApiClient(client)
        except DataCorruptionError:
            raise InputError("the download from Kaggle is damaged (its MD5 is wrong); run it again") from None
        except requests.RequestException as error:
            raise InputError(_explain(error, advice)) from None


def _explain(error: requests.RequestException, advice: str) -> str:
    if error.response is None:
        return f"Kaggle could not be reached, or did not answer in time ({type(error).__name__}); {advice}"
    status = error.response.status_code
    if status >= 500:
        return f"Kaggle is unavailable ({status}); try again later"
    return _MEANINGS.get(status, f"Kaggle refused the request ({status}): {' '.join(str(error).split())}")


def _load_credentials() -> config.KaggleApiCredentials:
    """Load the credentials from where kagglehub finds them, without the white space around them."""
    try:
        found = config.get_kaggle_credentials()
    except ValueError as error:  # names the file or the byte, but not the token
        raise InputError(f"your Kaggle token cannot be read ({error}); {_NEW_TOKEN}, and save it as UTF-8") from None
    if not found:
        raise InputError(
            f"your Kaggle token is missing; {_NEW_TOKEN}, and save it in ~/.kaggle/access_token or the environment "
            "variable KAGGLE_API_TOKEN"
        )
    parts = {name: secret.strip() for name, secret in vars(found).items() if secret}
    if not all(re.fullmatch(r"[\w.~+/-]+=*", secret, re.ASCII) for secret in parts.values()):  # RFC 6750, section 2.1
        raise InputError(
            "your Kaggle token, or user name and key, contains quotes, spaces or other characters that no token has; "
            "save the token alone"
        )
    return config.KaggleApiCredentials(**parts)
