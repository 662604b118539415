"""Any images in class folders: `folder/CLASS/picture.jpg`, or the same below `train` and `val`/`test`."""

from pathlib import Path

import numpy as np

from ..errors import MdpError
from .source import Source, Split, stratified

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
TEST_NAMES = ("val", "test", "validation", "valid")
# Share of the images held out where the folder has no split of its own.
HELD_OUT = 0.2


def read(folder: Path) -> Source:
    """List a folder of class folders; nothing is decoded yet.

    Raises:
        MdpError: it holds no images in class folders; the text says what is expected.
    """
    train, test = folder / "train", next((folder / n for n in TEST_NAMES if (folder / n).is_dir()), None)
    if train.is_dir() and test:
        classes = sorted({*_classes(train), *_classes(test)})
        splits = _list(train, classes, folder), _list(test, classes, folder)
        how = ""
    else:
        classes = _classes(folder)
        everything = _list(folder, classes, folder)
        held = np.zeros(len(everything), dtype=bool)
        held[stratified(everything.labels, max(1, round(HELD_OUT * len(everything))), seed=0)] = True
        splits = everything.take(np.flatnonzero(~held)), everything.take(np.flatnonzero(held))
        how = ", held out from the same folders"
    sizes = f"{len(splits[0]):,} training and {len(splits[1]):,} test images in {len(classes)} classes"
    return Source(folder.name, f"Images of the folder {folder.name}: {sizes}{how}.", tuple(classes), *splits)


def _classes(folder: Path) -> list[str]:
    """Names of the folders that hold images, sorted as torchvision's ImageFolder does."""
    try:
        below = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise MdpError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    return [p.name for p in below if _images(p)]


def _images(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _list(folder: Path, classes: list[str], root: Path) -> Split:
    files = [(path, label) for label, name in enumerate(classes) for path in _images(folder / name)]
    if len(files) < 2:
        raise MdpError(
            f"The folder {root} holds no images in class folders. Expected {root.name}/CLASS/picture.jpg "
            f"(or the same below train and val), with {', '.join(SUFFIXES)} files."
        )
    return Split(
        np.array([label for _, label in files], dtype=np.int64), None, tuple(path for path, _ in files)
    )
