"""How a person is told what went wrong: one line, exit status 1, no traceback."""

import sys


class InputError(Exception):
    """Something the person gave is wrong; the message says what, where, and what to do."""


def run(main):
    """Call `main()`; turn what a person can mend into one line on standard error and exit status 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(f"error: {place}{error.strerror}; nothing was changed, run it again when that is mended")
    except KeyboardInterrupt:
        sys.exit("\nstopped; run the same command again to go on")
