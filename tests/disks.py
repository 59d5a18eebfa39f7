"""A small disk in memory that tests fill or make read-only, so that even root cannot write."""

import subprocess
from contextlib import contextmanager

import pytest

MEGABYTE = 1 << 20


@contextmanager
def small_disk(folder, megabytes):
    """Mount a Disk on an existing folder, or skip the test where that is not permitted."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Disk:
    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def full(self, leave=0):
        """Fill the disk except for `leave` bytes."""
        path = self.folder / "filler"
        with open(path, "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(MEGABYTE))
            except OSError:
                filler.truncate(max(0, filler.tell() - leave))
        try:
            yield
        finally:
            path.unlink()

    @contextmanager
    def read_only(self):
        """Make the disk read-only."""
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)
