"""Images that turn bad, or vanish, in the middle of long work: others stand in, and it is said at the end."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..core.errors import BadFile
from ..core.progress import Reporter
from ..core.words import many
from .source import Split

# So many others of the class are tried: where none of them can be read, the disk is gone and not an image.
TRIES = 20
NAMED = 10

UNREAD = "unread-images.txt"  # its name in a folder of the work's own


class Unread:
    """A file with a line for every image that could not be read, which workers and processes share."""

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def for_now(cls) -> "Unread":
        """One for work that has no folder of its own."""
        return cls(Path(tempfile.gettempdir()) / f"mdp-unread-{os.getpid()}-{secrets.token_hex(4)}.txt")

    def note(self, image: Path) -> None:
        """Write down an image. Each line is written at once, so that those of many processes do not mix."""
        with contextlib.suppress(OSError):  # no reason to end the work either
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab", buffering=0) as file:
                file.write(f"{str(image)!r}\n".encode(errors="surrogateescape"))

    def images(self) -> Sequence[str]:
        """The images that were written down, each once."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ()
        return sorted({line[1:-1] for line in lines})

    def tell(self, report: Reporter) -> None:
        """Say at the end of the work which images could not be read, and forget them."""
        found = self.images()
        if found:
            more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
            report.message(
                f"{many(len(found), 'image')} could not be read in the middle of the work, "
                f"and others of their class stood in: {', '.join(found[:NAMED])}{more}."
            )
        self.path.unlink(missing_ok=True)


def stand_in(split: Split, i: int, error: BadFile) -> Image.Image:
    """Another image of the class of image `i`: the next in the split that can be read.

    Raises:
        BadFile: none of the next TRIES can be read either.
    """
    same = np.flatnonzero(split.labels == split.labels[i])
    place = int(np.searchsorted(same, i))
    for other in np.roll(same, -place)[1 : 1 + TRIES]:
        with contextlib.suppress(BadFile):
            return split.image(int(other))
    raise BadFile(
        f"{error} Nor could others of its class: see that the disk of the images is still there."
    ) from None
