"""Put the drawing page together: its HTML, style, scripts and networks in one file that needs no other."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from digits.page import weights

MAX_BYTES = 5_000_000  # of the page; a network of the default size takes 750,000

_FOLDER = Path(__file__).parent


def build(paths: Sequence[str | Path]) -> tuple[str, int]:
    """Build the page.

    Args:
        paths: the model files of the members, at least one.

    Returns:
        the page, and the number of members in it: the first ones if all of them would exceed MAX_BYTES, and at least
        one.

    Raises:
        InputError: a model file is missing, or has a layer that the page cannot compute.
    """
    page = (_FOLDER / "draw.html").read_text(encoding="utf-8")
    page = re.sub(r'<link rel="stylesheet" href="(.+)">', lambda found: f"<style>\n{_read(found[1])}</style>", page)
    page = re.sub(r'<script src="(.+)">', lambda found: f"<script>\n{_read(found[1])}", page)
    networks: list[list[weights.Layer]] = []
    size = len(page)
    for path in paths:
        network = weights.pack(path)
        size += len(json.dumps(network))
        if networks and size > MAX_BYTES:
            break
        networks.append(network)
    packed = json.dumps({"members": len(paths), "networks": networks}, separators=(",", ":"))
    return page.replace("{{networks}}", packed), len(networks)


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
