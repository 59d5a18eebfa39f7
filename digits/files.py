"""Outputs that are whole or absent: written beside their place, then renamed into it."""

import csv
import json
import os
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

from digits import errors


@contextmanager
def atomic_write(path):
    """Yield a path to write to; on success it takes the place of `path`, on failure it is gone.

    The name in between is always the same, so that what a killed run left behind is overwritten by the next.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException as error:
        with suppress(OSError):  # a read-only folder refuses this too
            partial.unlink()
        if isinstance(error, OSError):
            raise errors.InputError(errors.format_os_error(error, path)) from None
        raise


@contextmanager
def temporary_folder(folder):
    """Yield a new, empty folder that is gone afterwards; what a killed run left in it goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)


def write_json(path, values):
    """Write `values` with sorted keys, one a line: the same values are the same bytes."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")


def write_csv(path, header, rows):
    """Write rows of values under their names."""
    with atomic_write(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def remove_unlisted(folder, members):
    """Delete member-K…, files and folders, of each K that is not in `members`.

    DVC hashes a whole folder as a dependency, but leaves in it the outputs of members that are no longer listed.
    """
    for path in Path(folder).glob("member-*"):
        name = re.fullmatch(r"member-(\d+)(\.\w+)?", path.name)
        if name and int(name[1]) not in members:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
