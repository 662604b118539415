"""Which folders are classes, and which are splits (train, val, test), whose folders are classes."""

import re
from collections.abc import Mapping

from ..core.errors import MdpError
from .listing import SUFFIXES, Tree

ROLES = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "validate", "dev", "development", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "holdout", "heldout"),
}
_ROLE = {word: role for role, words in ROLES.items() for word in words}
# What people put after these words: trainset, test_images.
_FILLERS = re.compile(r"(data|dataset|set|images|imgs|pictures|samples|split|folder|files)$")


def role(name: str) -> str | None:
    """Which split a folder's name means, in any case and with the usual additions, or None."""
    found = set()
    for word in re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name).lower()):
        found.add(_ROLE.get(word) or _ROLE.get(_FILLERS.sub("", word)))
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def inner(tree: Tree, *, split: bool = False) -> Tree:
    """The folder that matters: `archive` where a folder holds `archive` alone, and that holds folders.

    Within a split, that may be a folder of its own name.
    """
    while len(tree.full) == 1:
        ((name, only),) = tree.full.items()
        if only.images or (role(name) and not split):
            break
        tree = only
    return tree


def splits_of(tree: Tree) -> tuple[Mapping[str, Tree], tuple[str, ...]]:
    """(the splits by role, what is not used: sentences), or ({}, ()) where the folders are classes.

    Folders named as splits are splits where they hold folders of images.

    Raises:
        MdpError: it cannot be told what is what; the text lists what was found.
    """
    full = tree.full
    deep = {name: one for name, one in full.items() if _is_deep(name, one)}
    named = {name: role(name) for name in deep if role(name)}
    if not named:
        if full and all(role(name) for name in full):
            raise _unclear(tree, "these are names of splits, and there are no class folders in them")
        if full and len(deep) == len(full):
            raise _unclear(tree, "every folder holds folders, under names that are not known as splits")
        if any(role(name) for one in deep.values() for name in one.full):
            raise _unclear(tree, "some folders hold splits, and others images")
        return {}, ()
    if len(set(named.values())) < len(named):
        raise _unclear(tree, "two folders are named as the same split")
    notes = []
    for name, one in full.items():
        if name in named:
            continue
        if role(name):
            count = len(one.files())
            notes.append(f"{name} is not used: its {count:,} images are in no class folders.")
        elif name in deep and any(role(below) for below in one.full):
            notes.append(f"{name} is not used: it holds splits of its own.")
        else:
            raise _unclear(tree, f"{name} is no split by its name")
    return {part: inner(full[name], split=True) for name, part in named.items()}, tuple(notes)


def _is_deep(name: str, tree: Tree) -> bool:
    """Whether a folder is there for the folders in it. A few images astray make no class of a split."""
    inside = sum(len(one.files()) for one in tree.full.values())
    return inside > 0 and (not tree.images or (role(name) is not None and inside > len(tree.images)))


def _unclear(tree: Tree, why: str) -> MdpError:
    found = [f"{name} ({_what(one)})" for name, one in tree.full.items()]
    if len(found) > 8:
        found = [*found[:8], f"{len(found) - 8} more"]
    return MdpError(
        f"It cannot be told which folders of {tree.path} are classes: {why}. Found: {', '.join(found)}. "
        f"Expected {tree.path.name}/CLASS/picture.jpg, or the same below train and val or test, as "
        f"{', '.join(SUFFIXES)} files. Rename or move folders, or name the folder that holds the classes."
    )


def _what(tree: Tree) -> str:
    if not tree.full:
        return f"{len(tree.images):,} images"
    names = list(tree.full)
    more = ", …" if len(names) > 4 else ""
    return f"folders {', '.join(names[:4])}{more}; {len(tree.files()):,} images"
