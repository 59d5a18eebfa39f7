"""Kaggle's API: download the competition's files, submit an answer file, look up its score.

kagglesdk sends the requests; kagglehub downloads, verifies the MD5, resumes a cut download and provides the cache.
`kagglehub.competition_download` is not used: it waits without a time limit, takes no client that has one, and extracts
all that an archive contains.
"""

import errno
import zipfile
import zlib
from pathlib import Path
from typing import Any

import requests
from kagglehub import clients
from kagglehub.cache import Cache
from kagglehub.handle import CompetitionHandle
from kagglesdk.competitions.services.competition_api_service import CompetitionApiClient
from kagglesdk.competitions.types import competition_api_service as api

from digits import errors
from digits.data import kaggle_csv, kaggle_requests
from digits.errors import InputError

COMPETITION = kaggle_requests.COMPETITION
MAX_UNZIPPED_BYTES = 1 << 30  # of the three files together; the competition's have 128 MB

_HANDLE = CompetitionHandle(COMPETITION)


def download(again: bool = False) -> Path:
    """Download the competition's files to kagglehub's cache, unless they are there: they never change.

    Args:
        again: download them also if they are in the cache, because they are damaged.

    Returns:
        The folder that contains train.csv, test.csv and sample_submission.csv. Their contents are not checked.

    Raises:
        InputError: The credentials, the network, Kaggle, the archive or the disk prevents it.
    """
    cache = Cache()
    archive, folder = Path(cache.get_archive_path(_HANDLE)), Path(cache.get_path(_HANDLE))
    with errors.explain_os_errors(archive):
        if cache.load_from_cache(_HANDLE):
            if not again:
                return folder
            cache.delete_from_cache(_HANDLE)
        with kaggle_requests.connect() as competitions:
            archive.parent.mkdir(parents=True, exist_ok=True)
            kaggle_requests.send(lambda: _download_archive(competitions, archive))
        _extract(archive, folder)
        archive.unlink()
        cache.mark_as_complete(_HANDLE)
    return folder


def submit(path: str | Path, message: str) -> int:
    """Upload an answer file and submit it to the competition.

    Returns:
        Kaggle's number of the submission.

    Raises:
        InputError: It was refused, or it is unknown whether it arrived.
    """
    path = Path(path)
    content = path.read_bytes()
    with kaggle_requests.connect() as competitions:
        start = api.ApiStartSubmissionUploadRequest()
        start.competition_name, start.file_name = COMPETITION, path.name
        start.content_length, start.last_modified_epoch_seconds = len(content), int(path.stat().st_mtime)
        upload = kaggle_requests.send(lambda: competitions.start_submission_upload(start))
        kaggle_requests.send(lambda: _upload(upload.create_url, content))
        submission = api.ApiCreateSubmissionRequest()
        submission.competition_name, submission.blob_file_tokens = COMPETITION, upload.token
        submission.submission_description = message
        # One attempt: if only the answer was lost, a second one would use up another of the day's few submissions.
        advice = f"check on {kaggle_requests.PAGE}/submissions whether it arrived before you submit it again"
        return kaggle_requests.send(lambda: competitions.create_submission(submission), delays=(), advice=advice).ref


def get_submission(ref: int) -> Any:
    """Look up a submission by its number; the result has status, public_score and error_description."""
    request = api.ApiGetSubmissionRequest()
    request.ref = ref
    with kaggle_requests.connect() as competitions:
        return kaggle_requests.send(lambda: competitions.get_submission(request))


def _download_archive(competitions: CompetitionApiClient, archive: Path) -> None:
    request = api.ApiDownloadDataFilesRequest()
    request.competition_name = COMPETITION
    with competitions.download_data_files(request) as response:
        clients.download_file(response, str(archive), _HANDLE)


def _upload(url: str, content: bytes) -> None:
    response = requests.put(url, data=content, timeout=kaggle_requests.TIMEOUTS)
    if response.status_code in (400, 401, 403, 404):  # not of the API but of the storage, whose addresses expire
        raise InputError(f"Kaggle refused the upload ({response.status_code}); run it again")
    response.raise_for_status()


def _extract(archive: Path, folder: Path) -> None:
    """Extract the competition's three files; remove an archive from which that is not possible.

    Other members are ignored, so no path in the archive matters. zipfile verifies the CRC, and writes no more of a
    member than the size that the archive states.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [zipped.getinfo(name) for name in kaggle_csv.FILES]
            size = sum(member.file_size for member in members)
            if size > MAX_UNZIPPED_BYTES:
                raise zipfile.BadZipFile(f"{size:,} bytes unzipped, more than {MAX_UNZIPPED_BYTES:,}")
            zipped.extractall(folder, members)
    # KeyError: a file is missing; RuntimeError: encrypted or compressed by an unknown method; EINVAL: an invalid offset
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        archive.unlink()
        reason = error.args[-1] if error.args else type(error).__name__
        raise InputError(
            f"{archive.name} from Kaggle is not the competition's archive ({reason}); it was removed, try again later"
        ) from None
