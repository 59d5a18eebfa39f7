"""Run the fetch stage in this process, and check how it reports a user error."""

from pathlib import Path

import pytest

from digits import errors
from stages import fetch


def refusal(main=fetch.main):
    """Run a stage that must fail in one line and write nothing to data/raw, and return that line."""
    with pytest.raises(SystemExit) as stopped:
        errors.run(main)
    message = str(stopped.value)
    assert message.startswith("error: ") and len(message) < 400
    assert message.isprintable(), "one line, without control characters"
    assert not Path("data/raw").exists()
    return message
