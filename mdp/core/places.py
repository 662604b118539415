"""Where a file is to go: refused before hours are spent on what goes there, if no file can."""

import os
from pathlib import Path

from .errors import MdpError


def refuse_place(*paths: str | os.PathLike) -> None:
    """Refuse places that no file can take: of a folder, and of a device or a pipe, which it would replace.

    Raises:
        MdpError: says which.
    """
    for path in map(Path, paths):
        if not _held(path):
            continue
        what = "a folder" if os.path.isdir(path) else "no file"
        raise MdpError(
            f"{path} is {what}, and a file is to be written there. Move it away or choose another place."
        )


def _held(path: Path) -> bool:
    try:
        return os.path.exists(path) and not os.path.isfile(path)
    except ValueError:  # a path with what no path may hold: who writes there is told
        return False
