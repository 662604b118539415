"""Whether a running job reads or writes a file."""

import os
from pathlib import Path

from ..core.errors import MdpError
from .reading import list_jobs


def refuse_while_used(path: str | os.PathLike) -> None:
    """Raises MdpError if a job that runs was started on the file: it would write it anew under this name."""
    wanted = Path(path).resolve()
    for job in list_jobs():
        if job.status == "running" and any(_is(word, wanted) for word in job.arguments):
            raise MdpError(f"“{job.title}” works on {wanted.name}. Wait for its end, or cancel it first.")


def _is(word: str, wanted: Path) -> bool:
    try:
        return Path(word).resolve() == wanted
    except (OSError, ValueError):
        return False
