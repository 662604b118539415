"""Fashion-MNIST (Zalando Research, MIT licence) in its own IDX files: where to look, and how to read."""

import gzip
import os
import zlib
from pathlib import Path

import numpy as np

from ..core.errors import BadFile
from ..core.paths import SHIPPED, data_dir
from .source import Source, Split

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
SUBSET = SHIPPED / "images" / "fashion-mnist"


def places() -> list[Path]:
    """Folders where the whole set is looked for, in this order."""
    given = [Path(os.environ["FASHION_MNIST"])] if os.environ.get("FASHION_MNIST") else []
    return [
        *given,
        data_dir() / "fashion-mnist",
        Path("/usr/share/datasets/fashion-mnist"),  # Debian's package dataset-fashion-mnist
        *(
            root / "FashionMNIST" / "raw" for root in (data_dir(), Path("data"), Path.home() / "data")
        ),  # torchvision
    ]


def full() -> Source | None:
    """The whole set, from the first place that has it, or None."""
    return next((source for place in places() if (source := at(place))), None)


def subset() -> Source:
    """The images that come with the project. Raises BadFile if they are missing."""
    source = at(SUBSET)
    if source is None:
        raise BadFile(
            f"The images that come with the project are missing from {SUBSET}. Restore that folder."
        )
    return source


def at(folder: Path) -> Source | None:
    """The set in this folder, or below it as torchvision lays it out, or None if its files are not there.

    Raises:
        BadFile: the files are there, but damaged.
    """
    for place in (folder, folder / "FashionMNIST" / "raw"):
        paths = {split: [_find(place, name) for name in names] for split, names in FILES.items()}
        if all(path for pair in paths.values() for path in pair):
            splits = {split: _split(*pair) for split, pair in paths.items()}
            train, test = splits["train"], splits["test"]
            shipped = place == SUBSET
            what = "the subset that comes with the project" if shipped else f"the whole set in {place}"
            if not shipped and len(train) < 60_000:
                what = f"a part of the set in {place}"
            return Source(
                "fashion-mnist-subset" if shipped else "fashion-mnist",
                f"Fashion-MNIST, {what}: {len(train):,} training and {len(test):,} test images.",
                CLASSES,
                train,
                test,
            )
    return None


def read_idx(path: Path, axes: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes with `axes` axes, gzipped or not. Raises BadFile."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"{path} cannot be read ({error}). Use another copy of the data set.") from None
    start = 4 + 4 * axes
    if raw[:4] != bytes([0, 0, 8, axes]) or len(raw) < start:
        raise BadFile(
            f"{path} is not an IDX file of bytes with {axes} axes. Use another copy of the data set."
        )
    shape = tuple(np.frombuffer(raw, ">i4", axes, 4))
    values = np.frombuffer(raw, np.uint8, -1, start)
    if values.size != np.prod(shape, dtype=np.int64):
        raise BadFile(f"{path} was cut off: it should hold {' x '.join(map(str, shape))} bytes.")
    return values.reshape(shape)


def write_idx(path: Path, values: np.ndarray) -> None:
    """Write bytes as a gzipped IDX file; the same bytes in give the same file out."""
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes(), 9, mtime=0))


def _split(images: Path, labels: Path) -> Split:
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes) or pixels.shape[1:] != (28, 28) or (len(classes) and classes.max() > 9):
        raise BadFile(f"{images} and {labels} do not belong together. Use another copy of the data set.")
    return Split(classes.astype(np.int64), pixels)


def _find(place: Path, name: str) -> Path | None:
    return next((p for p in (place / f"{name}.gz", place / name) if p.is_file()), None)
