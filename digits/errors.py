"""User errors: one line on standard error and exit status 1, without a traceback."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_ENVIRONMENT = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


class InputError(Exception):
    """The user's input or environment is wrong; the message names what, where, and what to do."""


class DivergedError(InputError):
    """The loss of a training became NaN or infinite: a fault of its settings, and not of the data or the machine."""


@contextmanager
def explain_os_errors(path: str | Path) -> Iterator[None]:
    """Convert a full disk, missing permissions and I/O errors; any other OSError keeps its traceback.

    Args:
        path: the file to name in the message where the error names none.

    Raises:
        InputError: the disk or the permissions do not allow to read or write.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _ENVIRONMENT:
            raise
        named = error.filename if error.filename and ".partial-" not in str(error.filename) else path
        raise InputError(
            f"{named}: {error.strerror}; free disk space or change the permissions, then run the same command again"
        ) from None


def run(main: Callable[[], object]) -> None:
    """Call `main()` and exit with status 1 and one line on standard error after a user error.

    A keyboard interrupt and a lack of memory end in one line too. Every other exception keeps its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # "?" for letters unknown to the locale
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # `make compare | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the flush at exit
        sys.exit(1)
    except InputError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\nstopped; run the same command again to continue")
    except Exception as error:
        # by name, since importing TensorFlow takes seconds
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        sys.exit("error: out of memory; close other programs, or lower batch_size or network.width in params.yaml")
