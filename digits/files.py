"""Files of results: where they are, and atomic output, which is written beside its place and then renamed into it."""

import csv
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from digits import errors


def model_path(member: int) -> Path:
    """Return where the model of a member is stored."""
    return Path(f"models/member-{member}.keras")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path to write to, and rename it to `path` on success or delete it on failure.

    The temporary name contains the process, because two processes may write the same file at the same time.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    path = Path(path)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    with errors.explain_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            os.replace(partial, path)
        except BaseException:
            with suppress(OSError):  # a read-only folder refuses this too
                partial.unlink()
            raise


@contextmanager
def temporary_folder(folder: str | Path) -> Iterator[Path]:
    """Yield a new, empty folder and delete it afterwards; the leftovers of a killed run are deleted first.

    Raises:
        InputError: the disk is full, or the parent folder is not writable.
    """
    folder = Path(folder)
    with errors.explain_os_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def write_json(path: str | Path, values: Any) -> None:
    """Write `values` as indented JSON with sorted keys, so that equal values give equal bytes."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a header and rows of values."""
    with atomic_write(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def move_folder(source: str | Path, target: str | Path) -> None:
    """Move a folder, in place of the one that is there.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    with errors.explain_os_errors(target):
        shutil.rmtree(target, ignore_errors=True)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)


def remove_unlisted(folder: str | Path, members: Sequence[int]) -> None:
    """Delete the files member-K… in `folder` for each K that is not in `members`.

    DVC hashes a whole folder as a dependency, but leaves in it the outputs of members that are no longer listed.
    """
    for path in Path(folder).glob("member-*"):
        name = re.fullmatch(r"member-(\d+)(\.\w+)?", path.name)
        if name and int(name[1]) not in members:
            path.unlink()
