"""How a person is told what went wrong: one line, exit status 1, no traceback."""

import os
import sys
import threading
import time

import psutil

_ONEDNN_OUT_OF_MEMORY = "Operation received an exception:Status: 1,"  # dnnl_out_of_memory, passed on by TensorFlow


class InputError(Exception):
    """Something the person gave is wrong; the message says what, where, and what to do."""


def run(main):
    """Call `main()`; turn what a person can mend into one line on standard error and exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a ? for a letter that the locale does not have
    if "DVC_STAGE" in os.environ:
        threading.Thread(target=_end_with, args=[_STARTERS], daemon=True).start()
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        sys.exit(f"error: {format_os_error(error)}")
    except KeyboardInterrupt:
        sys.exit("\nstopped; run the same command again to go on")
    except Exception as error:
        if not _is_for_want_of_memory(error):
            raise
        sys.exit(
            "error: there is not enough memory; end other programs, or lower batch_size or network.width in params.yaml"
        )


def _is_for_want_of_memory(error):
    kind = type(error).__name__  # TensorFlow's are known by name: importing it takes seconds
    of_onednn = kind == "AbortedError" and _ONEDNN_OUT_OF_MEMORY in str(error)
    return isinstance(error, MemoryError) or kind == "ResourceExhaustedError" or of_onednn


def format_os_error(error, path=None):
    """Say an OSError in one line; `path` is the file in question where the error itself does not know it."""
    path = path or error.filename
    return f"{path}: " * bool(path) + f"{error.strerror or error}; nothing was lost, run it again when that is mended"


def _starters():
    """The processes that started this one, by number: dvc, after the shell by which it may have done so."""
    parent = os.getppid()
    try:
        process = psutil.Process(parent)
        return (
            [parent, process.ppid()] if process.cmdline()[-2:-1] == ["-c"] else [parent]
        )  # sh -c "python -m stages.…"
    except psutil.Error:  # it has ended meanwhile
        return [parent]


def _end_with(starters):
    """End when the dvc that started this stage is gone: it would work unseen beside the stage of the next dvc."""
    while _starters() == starters:
        time.sleep(0.2)
    os._exit(1)  # as abrupt as a kill, which every stage survives


def _open_streams():
    """Open what is closed of the standard streams: else the next file that is opened stands there, and gets what is printed."""
    for descriptor, name in [(1, "stdout"), (2, "stderr")]:
        try:
            os.write(descriptor, b"")
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))


_STARTERS = _starters()  # now, since the import of TensorFlow takes seconds in which dvc may end
_open_streams()
