"""How fetch refuses what it is given."""

from pathlib import Path

import pytest

from digits import errors
from stages import fetch


def refusal(main=fetch.main):
    """The line with which fetch refuses what lies in data/incoming; nothing has been written."""
    with pytest.raises(SystemExit) as stopped:
        errors.run(main)
    message = str(stopped.value)
    assert message.startswith("error: ") and len(message) < 400
    assert message.isprintable(), "one line, without control characters"
    assert not Path("data/raw").exists()
    return message
