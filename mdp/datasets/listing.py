"""What lies in a folder: images, folders, and what is no data. Nothing is opened or dropped uncounted."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import MdpError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
# Beside all names that begin with a dot: what systems and tools leave behind, in small letters.
LEFTOVERS = {
    "__macosx", "__pycache__", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle",
    "$recycle.bin", "system volume information", "lost+found", "icon\r",
}  # fmt: skip


@dataclass(frozen=True)
class Tree:
    """A folder.

    Attributes:
        images: those directly in it, sorted.
        below: its folders by name, sorted; without left-overs.
        other: how many files of which ending are directly in it and no images; "" is no ending.
        leftovers: files and folders directly in it that are hidden or left over.
        linked: folders directly in it that are links and were followed.
        loops: links directly in it that lead back into the data set, or nowhere, and were not followed.
    """

    path: Path
    images: tuple[Path, ...] = ()
    below: dict[str, "Tree"] = field(default_factory=dict)
    other: Counter = field(default_factory=Counter)
    leftovers: int = 0
    linked: int = 0
    loops: int = 0

    def all(self) -> Iterator["Tree"]:
        """This folder and all below it."""
        yield self
        for tree in self.below.values():
            yield from tree.all()

    def files(self) -> list[Path]:
        """All images in it and below it, sorted."""
        return sorted(path for tree in self.all() for path in tree.images)

    @property
    def full(self) -> dict[str, "Tree"]:
        """The folders directly in it that hold images, at any depth."""
        return {name: tree for name, tree in self.below.items() if any(t.images for t in tree.all())}


def look(folder: Path, _within: tuple[str, ...] = ()) -> Tree:
    """List a folder and all below it. Linked folders are followed, unless they lead back into the data set.

    Raises:
        MdpError: a folder may not be read.
    """
    within = _within or (os.path.realpath(folder),)
    images, below, other, leftovers, linked, loops = [], {}, Counter(), 0, 0, 0
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise MdpError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    for entry in found:
        path = folder / entry.name
        if entry.name.startswith(".") or entry.name.lower() in LEFTOVERS:
            leftovers += 1
        elif entry.is_dir():
            here = within
            if entry.is_symlink():
                real = os.path.realpath(path)
                if any(_inside(real, one) or _inside(one, real) for one in within):
                    loops += 1
                    continue
                linked, here = linked + 1, (*within, real)
            below[entry.name] = look(path, here)
        elif path.suffix.lower() in SUFFIXES and entry.is_file():
            images.append(path)
        elif entry.is_symlink() and not entry.is_file():
            loops += 1
        else:
            other[path.suffix.lower()] += 1
    return Tree(folder, tuple(images), below, other, leftovers, linked, loops)


def left_out(tree: Tree) -> tuple[str, ...]:
    """Sentences on what in a folder and below it is not used for what it is."""
    trees = list(tree.all())
    other = sum((t.other for t in trees), Counter())
    leftovers, linked, loops = (sum(getattr(t, k) for t in trees) for k in ("leftovers", "linked", "loops"))
    parts = [f"{n:,} {ending or 'without an ending'}" for ending, n in other.most_common()]
    if len(parts) > 8:
        rest = sum(n for _, n in other.most_common()[8:])
        parts = [*parts[:8], f"{rest:,} of other endings"]
    said = []
    if parts:
        said.append(f"Left out, by their endings: {', '.join(parts)} (read are {', '.join(SUFFIXES)}).")
    if leftovers:
        said.append(
            f"Left out: {leftovers:,} hidden or left-over {_s(leftovers, 'file', 'files')} or folders."
        )
    if linked:
        said.append(f"{linked:,} linked {_s(linked, 'folder was', 'folders were')} followed.")
    if loops:
        said.append(
            f"Left out: {loops:,} {_s(loops, 'link that leads', 'links that lead')} nowhere, or to a folder "
            "that is read already."
        )
    return tuple(said)


def _s(n: int, one: str, more: str) -> str:
    return one if n == 1 else more


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
