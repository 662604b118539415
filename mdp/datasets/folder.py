"""Any images in class folders: `folder/CLASS/picture.jpg`, or the same below `train` and `val` or `test`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..core.errors import MdpError
from .listing import SUFFIXES, Tree, left_out, look
from .source import Source, Split, stratified
from .splits import inner, splits_of

# Share of the images held out where the folder has no split of its own.
HELD_OUT = 0.2


def read(folder: Path) -> Source:
    """List a folder of class folders; nothing is decoded yet. What is not used is in the source's notes.

    Of several splits beside `train`, `val` is what accuracy is measured on, for `test` has to stay unseen.

    Raises:
        MdpError: it holds no images in class folders, or it cannot be told which folders are the classes; the
            text says what is expected.
    """
    found = look(folder)
    top = inner(found)
    parts, notes = splits_of(top)
    notes = (*notes, *_loose(found, parts or {"": top}), *_empty(top, parts), *left_out(found))
    if len(parts) > 1 and "train" not in parts:
        raise MdpError(
            f"The folder {folder} holds {' and '.join(p.path.name for p in parts.values())}, and nothing to "
            "train on. Call the folder of the training images train."
        )
    how = ""
    if len(parts) > 1:
        tested = "val" if "val" in parts else "test"
        classes = sorted({*parts["train"].full, *parts[tested].full})
        splits = [_list(parts[part], classes, folder) for part in ("train", tested)]
        notes = (*_unseen(splits[0], classes), *_unused(parts, ("train", tested)), *notes)
    else:
        ((name, whole),) = (parts or {"": top}).items()
        classes = list(whole.full)
        everything = _list(whole, classes, folder)
        held = np.zeros(len(everything), dtype=bool)
        held[stratified(everything.labels, max(1, round(HELD_OUT * len(everything))), seed=0)] = True
        splits = [everything.take(np.flatnonzero(~held)), everything.take(np.flatnonzero(held))]
        how = f", held out from {f'{whole.path.name}, the only split' if name else 'the same folders'}"
    sizes = f"{len(splits[0]):,} training and {len(splits[1]):,} test images in {_classes(classes)}"
    return Source(
        folder.name, f"Images of the folder {folder.name}: {sizes}{how}.", tuple(classes), *splits, notes
    )


def _classes(classes: list[str]) -> str:
    return f"{len(classes)} class{'es' * (len(classes) != 1)}"


def _list(tree: Tree, classes: list[str], root: Path) -> Split:
    files = [(p, i) for i, name in enumerate(classes) if name in tree.below for p in tree.below[name].files()]
    if len(files) < 2:
        raise MdpError(
            f"The folder {root} holds no images in class folders. Expected {root.name}/CLASS/picture.jpg "
            f"(or the same below train and val), with {', '.join(SUFFIXES)} files."
            + "".join(f" {note}" for note in left_out(tree))
        )
    return Split(
        np.array([label for _, label in files], dtype=np.int64), None, tuple(path for path, _ in files)
    )


def _loose(found: Tree, parts: Mapping[str, Tree]) -> list[str]:
    """What is said of images that lie beside the class folders."""
    count = sum(
        len(tree.images)
        for tree in found.all()
        if tree.full and any(part.path.is_relative_to(tree.path) for part in parts.values())
    )
    return [f"{count:,} images beside the class folders are not used."] if count else []


def _empty(top: Tree, parts: Mapping[str, Tree]) -> list[str]:
    """What is said of class folders that hold no images."""
    names = [
        f"{tree.path.name}/{name}" if parts else name
        for tree in (parts.values() if parts else (top,))
        for name in tree.below
        if name not in tree.full
    ]
    return [f"Without images, and no class: {_some(names)}."] if names else []


def _unseen(train: Split, classes: list[str]) -> list[str]:
    seen = set(train.labels.tolist())
    names = [name for i, name in enumerate(classes) if i not in seen]
    return [f"Without training images: {_some(names)}."] if names else []


def _unused(parts: Mapping[str, Tree], used: tuple[str, str]) -> list[str]:
    return [
        f"{tree.path.name} is not used ({len(tree.files()):,} images): accuracy is measured on "
        f"{parts[used[1]].path.name}."
        for part, tree in parts.items()
        if part not in used
    ]


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
