"""Metrics as JSON lines in the order of training, in which a run that goes on tells nothing twice.

A run that was cut off repeats its epochs' numbers to whoever watches, and trains the last, unfinished epoch
again: what stands there stays, and what is done again takes the place of what was done before.
"""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from ..core.errors import MdpError
from ..core.files import parse_json, write_text
from ..core.places import refuse_place


class MetricsFile:
    """What a run says, each line written at once, so that a killed run has its curve.

    Args:
        goes_on: whether it continues a run that was cut off; if not, what is there is of another run, and
            goes with the first line.

    Raises:
        MdpError: what is there is no file.
    """

    def __init__(self, path: Path, *, goes_on: bool):
        refuse_place(path)
        self._path = path
        self._lines = _read(path) if goes_on else []
        self._written = False  # whether the file holds these lines and no others

    def add(self, values: dict[str, Any]) -> bool:
        """Write it down; returns False where it stands there already."""
        if values in self._lines_told():
            return False
        left = [line for line in self._lines if not _done_again(line, values)]
        line = {"time": round(time.time(), 3), **values}
        whole = self._written and len(left) == len(self._lines)
        self._lines, self._written = [*left, line], False
        # A full disk stops the run where something is lost: at its checkpoint. The next line writes all.
        with contextlib.suppress(OSError, MdpError):
            if whole:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            else:
                write_text(self._path, "".join(json.dumps(one) + "\n" for one in self._lines))
            self._written = True
        return True

    def _lines_told(self) -> list[dict[str, Any]]:
        return [{key: value for key, value in line.items() if key != "time"} for line in self._lines]


def _done_again(line: dict[str, Any], values: dict[str, Any]) -> bool:
    """Whether a line was overtaken: it is of the same moment of training or a later one, or says the same
    facts beside the training."""
    if "epoch" in values:
        return "epoch" in line and line["epoch"] >= values["epoch"]
    return line.keys() - {"time"} == values.keys()


def _read(path: Path) -> list[dict[str, Any]]:
    """The lines that are whole; a killed process leaves a part of one."""
    found = []
    with contextlib.suppress(OSError):
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(MdpError):
                line = parse_json(text, str(path))
                if isinstance(line, dict) and type(line.get("epoch", 0)) in (int, float):
                    found.append(line)
    return found
