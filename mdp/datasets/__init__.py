"""Real images: Fashion-MNIST (the whole set where it is found, else the shipped subset), or a folder.

`find(name)` needs no torch and says in `Source.description` what is in use; `mdp.datasets.loader` makes
batches of it for a model.
"""

import os
from pathlib import Path

from ..core.errors import MdpError
from . import fashion, folder
from .source import Source, Split

NAMES = ("fashion-mnist", "fashion-mnist-subset")

__all__ = ["NAMES", "Source", "Split", "find"]


def find(name: str | os.PathLike) -> Source:
    """A data set by name or by path.

    Args:
        name: "fashion-mnist"; "fashion-mnist-subset" to insist on the shipped images; a folder that holds
            Fashion-MNIST's four files; or a folder with one folder of images per class.

    Raises:
        MdpError: nothing usable is there; the text says what was looked for.
        BadFile: a file is damaged.
    """
    if str(name) == "fashion-mnist":
        return fashion.full() or fashion.subset()
    if str(name) == "fashion-mnist-subset":
        return fashion.subset()
    path = Path(name).expanduser()
    if not os.path.isdir(path):
        raise MdpError(
            f"There is no data set {str(name)!r}: write {', '.join(NAMES)}, or the path of a folder that "
            "holds one folder of images per class."
        )
    return fashion.at(path) or folder.read(path)
