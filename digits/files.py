"""Outputs that are whole or absent: written beside their place, then renamed into it."""

import json
import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """Yield a path to write to; on success it takes the place of `path`, on failure it is gone.

    The name in between is always the same, so that what a killed run left behind is overwritten by the next.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_json(path, values):
    """Write `values` with sorted keys, one a line: the same values are the same bytes."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
