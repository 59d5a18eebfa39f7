"""Log the files that a stage opens: for each `python -m stages.NAME` with this folder in PYTHONPATH, and TRACES set."""

import os
import sys

_, *command = sys.orig_argv
if command[:1] == ["-m"] and command[1].startswith("stages.") and "TRACES" in os.environ:
    root = os.getcwd()
    log = open(os.path.join(os.environ["TRACES"], command[1].removeprefix("stages.")), "a", buffering=1)  # noqa: SIM115

    def trace(event, details):
        if event == "open" and isinstance(details[0], str | os.PathLike):
            writing = isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
            log.write(f"{'write' if writing else 'read'} {os.path.relpath(details[0], root)}\n")

    sys.addaudithook(trace)
