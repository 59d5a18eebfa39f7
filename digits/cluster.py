"""Run a function here, or on the Ray cluster of RAY_ADDRESS."""

from collections.abc import Callable
from typing import Any


def run(function: Callable[..., Any], *arguments: Any, threads: int) -> Any:
    """Return function(*arguments), computed with `threads` CPUs."""
    return function(*arguments)
