"""The way to Kaggle and back, by Kaggle's own client: download the competition, submit an answer.

`kagglehub` downloads (it checks the MD5, resumes a cut download and answers from its cache when offline) and
`kagglesdk`, on which it stands, submits. Both import silently; the `kaggle` package, a command line over the same SDK,
prints and fails at import and is not needed. Neither sets a time limit, tries again or limits what it unpacks, so that
is done here.
"""

import errno
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import kagglehub
import requests
from kagglehub import exceptions, http_resolver
from kagglehub.clients import build_kaggle_client
from kagglesdk.competitions.types import competition_api_service as api

from digits.data import kaggle_credentials, kaggle_csv
from digits.errors import InputError

COMPETITION = "digit-recognizer"
PAGE = f"https://www.kaggle.com/competitions/{COMPETITION}"
TIME_LIMIT = (10, 60)  # seconds to connect, and between two answers of the server
RETRY_DELAYS = (1, 3, 9)  # seconds before the second, third and fourth try

_PASSING = {429, 500, 502, 503, 504}
_UPLOAD_REFUSED = {status: f"Kaggle did not take the upload ({status}); run it again" for status in range(400, 500)}
_MEANING = {
    400: "Kaggle refused the request (400)",
    401: "Kaggle does not know your token (401); create a new one on https://www.kaggle.com/settings",
    403: f"Kaggle denies access (403): accept the competition's rules on {PAGE}/rules, with the account of your token",
    404: f"Kaggle knows no competition {COMPETITION} (404)",
    429: "Kaggle asks for fewer requests (429), also after several pauses; try again in some minutes",
}


def download(again=False):
    """Download the competition's files, or take them from the cache when they are there and still the newest.

    Args:
        again: download them even so, because those in the cache are damaged.

    Returns:
        the folder that holds train.csv, test.csv and sample_submission.csv, as Kaggle hands them out.

    Raises:
        InputError: saying what stands in the way, and what to do.
    """
    kaggle_credentials.login()
    for last_try in (False, True):
        try:
            with _with_timeouts():
                return Path(_with_retries(lambda: kagglehub.competition_download(COMPETITION, force_download=again)))
        except exceptions.DataCorruptionError:
            if last_try:
                raise InputError(
                    "the download from Kaggle was damaged twice (its MD5 is another); try again later"
                ) from None
            print("the download was damaged; downloading once more", flush=True)


def submit(path, message):
    """Upload an answer file and enter it into the competition: the number that Kaggle gives the submission."""
    kaggle_credentials.login()
    path = Path(path)
    with _with_timeouts(), build_kaggle_client() as client:
        competitions = client.competitions.competition_api_client
        start = api.ApiStartSubmissionUploadRequest()
        start.competition_name, start.file_name = COMPETITION, path.name
        start.content_length, start.last_modified_epoch_seconds = path.stat().st_size, int(path.stat().st_mtime)
        upload = _with_retries(lambda: competitions.start_submission_upload(start))
        _with_retries(
            lambda: requests.put(upload.create_url, data=path.read_bytes()).raise_for_status(), meaning=_UPLOAD_REFUSED
        )
        entry = api.ApiCreateSubmissionRequest()
        entry.competition_name, entry.blob_file_tokens, entry.submission_description = (
            COMPETITION,
            upload.token,
            message,
        )
        # not tried again: an answer that got lost may stand for a submission that was made, and a day has few of them
        unsure = f"look at {PAGE}/submissions whether it arrived before you send it again"
        return _with_retries(lambda: competitions.create_submission(entry), pauses=(), advice=unsure).ref


def submission(ref):
    """What Kaggle says of a submission: status (SubmissionStatus), public_score, error_description, and more."""
    kaggle_credentials.login()
    with _with_timeouts(), build_kaggle_client() as client:
        request = api.ApiGetSubmissionRequest()
        request.ref = ref
        return _with_retries(lambda: client.competitions.competition_api_client.get_submission(request))


def _with_retries(
    call, pauses=None, meaning=_MEANING, advice="check the network and run it again; what was downloaded is kept"
):
    """Call, again after growing pauses when the fault may pass, and say in one line what remains.

    Args:
        pauses: seconds before each further try; RETRY_DELAYS if None.
        meaning: what to say of a status.
        advice: what to do when there was no answer at all.
    """
    pauses = RETRY_DELAYS if pauses is None else pauses
    for pause in (*pauses, None):
        try:
            return call()
        except (InputError, exceptions.DataCorruptionError):
            raise
        except requests.RequestException as error:
            status = error.response.status_code if error.response is not None else None
            reason, passing = status or type(error).__name__, status is None or status in _PASSING
            failure = _format_message(error, status, meaning, advice)
        except Exception as error:  # whatever else Kaggle's client raises
            if isinstance(error, OSError) and error.errno:
                raise  # the disk's fault
            passing, failure = (
                False,
                f"Kaggle's client failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})",
            )
        if (
            pause is None or not passing
        ):  # raised here, apart from the client's error, which has the token in its request
            raise InputError(kaggle_credentials.redacted(failure))
        print(f"Kaggle: {reason}; trying again in {pause} s", flush=True)
        time.sleep(pause)


def _format_message(error, status, meaning, advice):
    if status is None:
        kind = "did not answer in time" if isinstance(error, requests.Timeout) else "could not be reached"
        return f"Kaggle {kind} ({type(error).__name__}); {advice}"
    said = meaning.get(status, f"Kaggle is out of order ({status}); try again later")
    return f"{said}: {_server_message(error.response)}" if meaning is _MEANING and status == 400 else said


def _server_message(response):
    try:
        return " ".join(str(response.json()["message"]).split())[:200]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


@contextmanager
def _with_timeouts():
    """Give every request of the client a time limit, and look into an archive before it is unpacked."""
    send, extract = requests.Session.send, http_resolver._extract_archive

    def send_in_time(session, request, **settings):
        if settings.get("timeout") is None:
            settings["timeout"] = TIME_LIMIT
        return send(session, request, **settings)

    requests.Session.send, http_resolver._extract_archive = send_in_time, _extract_the_expected
    try:
        yield
    finally:
        requests.Session.send, http_resolver._extract_archive = send, extract


def _extract_the_expected(path, folder):
    """Unpack the competition's three files; an archive of anything else is deleted before anything of it is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            oddity = _archive_problem(archive.infolist())
            damaged = None if oddity else archive.testzip()
            if not oddity and not damaged:
                archive.extractall(folder)
                return
            oddity = oddity or f"its {damaged} is damaged"
    except Exception as error:  # whatever a damaged archive makes of zipfile and zlib
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise  # the disk's fault; what is invalid is a place that the archive names
        oddity = f"it is no whole zip file ({type(error).__name__})"
    Path(path).unlink()
    raise InputError(f"Kaggle's download is not the competition's: {oddity}; nothing was unpacked, try again later")


def _archive_problem(members):
    """Say what makes this list of zipfile.ZipInfo another than that of the competition's archive; None if nothing does."""
    names = [member.filename for member in members]
    for name in names:
        if name not in kaggle_csv.FILES:
            return f"it holds {name[:60]!r}"
    for name in kaggle_csv.FILES:
        if names.count(name) != 1:
            return f"it holds {name} {names.count(name)} times" if name in names else f"it lacks {name}"
    for member in members:
        if member.file_size > kaggle_csv.MAX_BYTES:
            return f"its {member.filename} would have {member.file_size:,} bytes"
        if member.flag_bits & 1:
            return f"its {member.filename} is encrypted"
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others unpack without a bound
            return f"its {member.filename} is packed in an unusual way"
    return None
