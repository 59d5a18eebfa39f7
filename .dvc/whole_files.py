"""DVC's own files, dvc.lock and .dvc/tmp/rwlock among them, are written beside their place and renamed into it.

DVC 3.67 empties such a file before it writes it anew. Killed in that moment, or on a full disk, it leaves one that no
later `dvc repro` can read. `make` copies this module into .venv, with a .pth file that has Python import it at its start.
"""

import io
import os
import sys


class WholeFile(io.TextIOWrapper):
    """A text file open for writing, which takes its place when it is closed, unless an error came first."""

    def __init__(self, path, encoding):
        folder, name = os.path.split(path)
        self.place, self.partial = path, os.path.join(folder, f".partial-{name}")
        self.failed = False
        super().__init__(open(self.partial, "w+b"), encoding=encoding)

    def __exit__(self, kind, *rest):
        self.failed = kind is not None
        return super().__exit__(kind, *rest)

    def close(self):
        if self.closed:
            return
        try:
            super().close()
        except BaseException:
            self.failed = True
            raise
        finally:
            if self.failed:
                os.unlink(self.partial)
            else:
                os.replace(self.partial, self.place)


def open_whole(self, path, mode="r", encoding=None, **_):
    """What DVC opens its files with."""
    return WholeFile(path, encoding) if mode in ("w", "w+") else open(path, mode=mode, encoding=encoding)


if any(os.path.basename(argument) == "dvc" for argument in sys.orig_argv[1:3]):  # `dvc …` or `python -m dvc …`
    from dvc_objects.fs.local import FsspecLocalFileSystem

    FsspecLocalFileSystem.open = open_whole
