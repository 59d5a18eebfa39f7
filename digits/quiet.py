"""Start a program without TensorFlow's native log: `python -m digits.quiet stages.train 0`.

TensorFlow 2.21 logs several lines while it is imported, before its own TF_CPP_MIN_LOG_LEVEL takes effect. They go to
the file descriptor of standard error, so nothing but the descriptor can hide them.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from digits import errors


@contextmanager
def native_log_hidden() -> Iterator[None]:
    """Discard what is written to the file descriptor of standard error; set TF_CPP_MIN_LOG_LEVEL to see it."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or sys.stderr is None:
        yield
        return
    descriptor = sys.stderr.fileno()
    saved = os.dup(descriptor)
    with open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), descriptor)
    try:
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)


def main() -> None:
    """Import the module that the first argument names, and call its `main()` with the other arguments."""
    name = sys.argv[0] = sys.argv.pop(1)
    with native_log_hidden():
        module = importlib.import_module(name)
    errors.run(module.main)


if __name__ == "__main__":
    main()
