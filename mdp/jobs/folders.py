"""Where jobs are, what they are called, and `job.json`, which says what runs."""

import re
import time
import uuid
from pathlib import Path
from typing import Any

from ..core.errors import BadFile, MdpError
from ..core.files import read_json, write_json
from ..core.paths import data_dir

_ID = re.compile(r"\d{8}-\d{6}-(?P<kind>[a-z]+)-[0-9a-z]+")


def jobs_dir() -> Path:
    """Where every job has its folder; it need not exist yet."""
    return data_dir() / "jobs"


def new_id(kind: str) -> str:
    """`20261121-161500-profile-3fa2b1`: in the order of their start, and of which kind without opening it."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}-{uuid.uuid4().hex[:6]}"


def job_ids(kind: str | None = None) -> set[str]:
    """The ids of all jobs, or of one kind, by the names of their folders: cheap enough to ask often."""
    try:
        names = [(path.name, _ID.fullmatch(path.name)) for path in jobs_dir().iterdir()]
    except OSError:
        return set()
    return {name for name, match in names if match and kind in (None, match["kind"])}


def folder_of(job_id: str) -> Path:
    """Raise MdpError for what is no id: one must not lead elsewhere."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,199}", str(job_id)):
        raise MdpError(f"{job_id!r} is not the id of a job.")
    return jobs_dir() / job_id


def read_job(folder: Path) -> dict[str, Any]:
    """What `write_job` wrote. Raises BadFile."""
    job = read_json(folder / "job.json", "job")
    if not isinstance(job, dict) or not all(fits(job.get(key)) for key, fits in _ENTRIES.items()):
        raise BadFile(f"The job {folder / 'job.json'} is damaged; delete its folder.")
    return job


def _number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1e12


_ENTRIES = {
    "title": lambda v: isinstance(v, str),
    "kind": lambda v: isinstance(v, str),
    "pid": lambda v: type(v) is int and 0 < v < 2**31,
    "created": lambda v: v is None or _number(v),
    "started": _number,
    "arguments": lambda v: v is None or (isinstance(v, list) and all(isinstance(word, str) for word in v)),
    "processes": lambda v: v is None or (type(v) is int and 0 < v < 10_000),
}


def write_job(
    folder: Path, title: str, arguments: list[str], pid: int, created: float | None, processes: int = 1
) -> None:
    """Describe a job that runs now in the process `pid`, which was `created` then. Raises MdpError.

    `processes`: how many a launcher started for it; `pid` is the first of them.
    """
    job = {"id": folder.name, "kind": arguments[0], "title": title, "arguments": arguments, "pid": pid}
    job |= {"processes": processes} if processes > 1 else {}
    write_json(folder / "job.json", {**job, "created": created, "started": time.time()})
