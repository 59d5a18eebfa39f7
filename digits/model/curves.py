"""The curves of a training, in the format of DVCLive: one TSV for each metric, with one row for each epoch."""

from collections.abc import Sequence
from pathlib import Path

from dvclive import Live

from digits import errors, files


def write(history: Sequence[dict[str, float]], folder: str | Path, work: Path) -> None:
    """Write the metrics of each epoch to train/ and validation/ in `folder`, in place of what is there.

    Args:
        history: the metrics by name; those of the validation set start with val_.
        folder: where the curves go.
        work: a folder for the files that are not complete yet.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    live = Live(str(work / "live"), dvcyaml=None, save_dvc_exp=False, report=None)
    with errors.explain_os_errors(work), live:
        for logs in history:
            for name, value in logs.items():
                part = "validation" if name.startswith("val_") else "train"
                live.log_metric(f"{part}/{name.removeprefix('val_')}", value)
            live.next_step()
    files.move_folder(work / "live/plots/metrics", folder)
