"""Files that belong together, such as weights and what describes them: all of them are replaced, or none.

They are written into a folder of their own, which is renamed to `.next` when all are whole: from then on they
count, wherever they lie. Then each is moved into its place. A process may be killed at any moment: `current`
finds the newer files, and the next one that writes moves them.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from .files import clear_leftovers, temporary_name, unwritable
from .places import refuse_place

NEXT = ".next"


def current(folder: str | os.PathLike, name: str) -> Path:
    """Where the file `name` of a folder is now; it need not exist."""
    newer = Path(folder) / NEXT / name
    return newer if os.path.isfile(newer) else Path(folder) / name


@contextlib.contextmanager
def replacing_all(folder: str | os.PathLike, names: Sequence[str]) -> Iterator[list[Path]]:
    """Give a temporary path for each name; on success all are put into `folder`, else none.

    Raises:
        MdpError: the folder cannot be made or written, the disk is full, or what is there is no file.
    """
    folder = Path(folder)
    refuse_place(*(folder / name for name in names))
    made = folder / temporary_name("next")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        _settle(folder)
        made.mkdir()
        yield [made / name for name in names]
        for name in names:  # as the umask leaves them, whoever wrote them
            (made / name).chmod(made.stat().st_mode & 0o666)
        made.rename(folder / NEXT)
        _settle(folder)
    except OSError as error:
        raise unwritable(folder, error) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Move what is whole into its place."""
    newer = folder / NEXT
    if os.path.isdir(newer):
        for path in sorted(newer.iterdir()):
            os.replace(path, folder / path.name)
        newer.rmdir()
