"""Every measurement ever made here, in one SQLite file: killed at any moment, it loses what was being timed.

A measurement is kept under its context (the Deployment) and its workload's key, so it is shared between
blocks, models and sessions. Several visits to one key are kept apart and summarised when they are read.
"""

import contextlib
import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from ..core.errors import BadFile, MdpError
from ..core.files import read_json, write_json
from ..core.paths import data_dir

FORMAT = "mdp-measurements/1"
SCHEMA = """
CREATE TABLE IF NOT EXISTS visit (
    context TEXT NOT NULL, key TEXT NOT NULL, readings TEXT NOT NULL, calm REAL, failure TEXT,
    created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS visit_of ON visit (context, key);
"""


@dataclass(frozen=True)
class Entry:
    """What is known of one key under one context.

    Attributes:
        ms: median over the readings used; NaN if it could not be run.
        spread: interquartile range of those readings over their median.
        repeats: how many readings those are.
        visits: how many separate times it was measured.
        drift: how much slower than usual the anchor was beside the readings used (0.05: 5 %).
        failure: why it could not be run ("" if it could).
    """

    ms: float
    spread: float
    repeats: int
    visits: int
    drift: float = 0.0
    failure: str = ""


class Store:
    """The measurements file. One process writes at a time; any number read.

    Raises:
        MdpError: the file cannot be opened or written, or the disk is full.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self.path = Path(path) if path else data_dir() / "user" / "latency.sqlite"
        with self._sentences():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            # With the write-ahead log a killed process leaves whole rows only, and a commit need not wait
            # for the disk.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def add(
        self, context: str, key: str, readings: Sequence[tuple[float, float]] = (), failure: str = ""
    ) -> None:
        """Keep one visit: pairs of ms, of the workload and of the anchor beside it (none if it failed)."""
        pairs = [[float(f"{ms:.6g}"), float(f"{anchor:.6g}")] for ms, anchor in readings]
        calm = float(np.quantile([a for _, a in pairs], 0.25)) if pairs else None
        row = (context, key, json.dumps(pairs), calm, failure or None, time.time())
        with self._sentences():
            self._db.execute("INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?)", row)

    def entries(
        self, context: str, keys: Iterable[str], reference_ms: float | None = None
    ) -> dict[str, Entry]:
        """What is known of the given keys; keys never measured are left out.

        Times are those of a machine on which the anchor takes `reference_ms`; default: what it takes here at
        calm moments, as far as they have been seen. Only times of the same `reference_ms` can be compared.
        """
        reference_ms = reference_ms or self.anchor(context)
        query = "SELECT readings, failure FROM visit WHERE context = ? AND key = ?"
        found: dict[str, Entry] = {}
        with self._sentences():
            for key in dict.fromkeys(keys):
                rows = self._db.execute(query, (context, key)).fetchall()
                if rows:
                    found[key] = summarise([(json.loads(r), f or "") for r, f in rows], reference_ms)
        return found

    def anchor(self, context: str) -> float | None:
        """The anchor's time in ms on a calm machine: lower decile over visits of their lower quartiles."""
        with self._sentences():
            rows = self._db.execute(
                "SELECT calm FROM visit WHERE context = ? AND calm IS NOT NULL", (context,)
            ).fetchall()
        return float(np.quantile([r[0] for r in rows], 0.1)) if rows else None

    def export(self, path: str | os.PathLike) -> Path:
        """Write every measurement to a JSON file that `load` of another store reads."""
        with self._sentences():
            rows = self._db.execute("SELECT context, key, readings, failure, created FROM visit").fetchall()
        visits = [[json.loads(c), k, json.loads(r), f, t] for c, k, r, f, t in rows]
        return write_json(path, {"format": FORMAT, "visits": visits})

    def load(self, path: str | os.PathLike) -> int:
        """Add the measurements of an exported file, each once; returns how many were new.

        They keep the device and software that they were made with, so they never mix with this machine's.

        Raises:
            BadFile: the file is not what it claims to be. Nothing of it was used.
        """
        data = read_json(path, "file of measurements")
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise BadFile(f"{path} is not an {FORMAT} file.")
        try:
            rows = [_row(visit) for visit in data["visits"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(f"The file of measurements {path} is damaged: {error}.") from None
        with self._sentences():
            known = set(self._db.execute("SELECT context, key, created FROM visit"))
            new = [row for row in rows if (row[0], row[1], row[5]) not in known]
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?)", new)
            self._db.execute("COMMIT")
        return len(new)

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """SQLite's errors as sentences."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            # The low byte of SQLite's extended codes is the kind of error.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise MdpError(
                    f"The file of measurements {self.path} is damaged ({error}). Rename or remove it: what "
                    "it held is measured anew, and the studies at hand do not need it."
                ) from None
            raise MdpError(
                f"Measurements cannot be kept in {self.path}: {error}. Free some space, or choose another "
                "folder with MDP_DATA=/some/folder; what was measured before is kept."
            ) from None


def summarise(visits: Sequence[tuple[Sequence[Sequence[float]], str]], reference_ms: float | None) -> Entry:
    """One Entry from visits of (pairs of workload and anchor in ms, failure).

    Each reading is divided by how much slower than `reference_ms` the anchor beside it was, and the median is
    taken: what neighbours do to a shared machine hits both alike. `drift` says how much that was. (Only the
    readings beside a calm anchor, instead, scattered twice as much on a machine that is seldom calm.)
    """
    pairs = np.array([pair for readings, _ in visits for pair in readings], dtype=float).reshape(-1, 2)
    if not len(pairs):
        return Entry(float("nan"), 0.0, 0, len(visits), failure=visits[-1][1] or "no reading")
    reference_ms = reference_ms or float(pairs[:, 1].min())
    slow = pairs[:, 1] / reference_ms
    low, middle, high = np.quantile(pairs[:, 0] / slow, [0.25, 0.5, 0.75])
    drift = max(0.0, float(np.median(slow)) - 1)
    return Entry(float(middle), float((high - low) / middle), len(pairs), len(visits), drift)


def _row(visit: Any) -> tuple:
    context, key, readings, failure, created = visit
    if not isinstance(context, dict) or not isinstance(key, str):
        raise ValueError("a visit has no context or no key")
    pairs = [[float(ms), float(anchor)] for ms, anchor in readings]
    if not all(0 < value < float("inf") for pair in pairs for value in pair):
        raise ValueError(f"a reading of {key!r} is not a positive number")
    calm = float(np.quantile([a for _, a in pairs], 0.25)) if pairs else None
    return (json.dumps(context, sort_keys=True), key, json.dumps(pairs), calm, failure, float(created))


@contextlib.contextmanager
def device_lock(
    device: str,
    waiting: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
    folder: str | os.PathLike | None = None,
    unit: str = "",
) -> Iterator[None]:
    """Hold a device for oneself. If another profiler has it: say so once through `waiting`, and wait.

    `unit` is what the lock is on, where the device's name does not tell that (see device.unit_of).
    The lock is the operating system's, so it goes when its process goes. `check` may raise to stop waiting.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", unit or device).strip("-").lower()
    path = Path(folder or tempfile.gettempdir()) / f"mdp-profile-{name}.lock"
    lock = FileLock(path, mode=0o666)
    try:
        said = False
        while True:
            try:
                lock.acquire(timeout=0.2)
                break
            except Timeout:
                if not said:
                    waiting(f"Another profiler is measuring on {device}; waiting until it has finished.")
                    said = True
                check()
            except OSError as error:
                raise MdpError(
                    f"The lock file {path} cannot be used: {error.strerror}. Remove it, or set TMPDIR "
                    "to a folder that you can write."
                ) from None
        yield
    finally:
        lock.release()
