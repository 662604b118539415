"""Reading and writing JSON so that a file is always whole: written beside its place, then renamed."""

import contextlib
import json
import math
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from .errors import BadFile, MdpError


def read_json(path: str | os.PathLike, kind: str = "file") -> Any:
    """Read strict JSON (NaN and Infinity are refused). `kind` names the thing in error messages.

    Raises:
        BadFile: the file is missing, unreadable, not UTF-8 or not JSON.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadFile(f"There is no {kind} at {path}.") from None
    except UnicodeDecodeError:
        raise BadFile(f"The {kind} {path} is not a text file; a JSON file was expected.") from None
    except OSError as error:
        raise BadFile(f"The {kind} {path} cannot be read: {error.strerror}.") from None
    return parse_json(text, f"{kind} {path}")


def parse_json(text: str, source: str) -> Any:
    """Parse strict JSON; see `read_json`."""

    def refuse(constant: str):
        raise ValueError(f"it holds {constant}, which is not a number that a table can use")

    def finite(digits: str) -> float:
        return value if math.isfinite(value := float(digits)) else refuse(digits)

    # 1e999 is JSON too, and infinite; looking at every number only where one can be that large keeps it fast.
    careful = {"parse_float": finite} if re.search(r"[eE]\+?\d{3}", text) else {}
    try:
        return json.loads(text, parse_constant=refuse, **careful)
    except json.JSONDecodeError as error:
        raise BadFile(
            f"The {source} is not complete JSON (line {error.lineno}: {error.msg}). It may have been cut "
            "off; use another copy or make it anew."
        ) from None
    except (ValueError, RecursionError) as error:
        raise BadFile(f"The {source} cannot be used: {error}.") from None


def write_json(path: str | os.PathLike, value: Any, *, indent: int | None = None) -> Path:
    """Write JSON atomically and return the path; directories are made as needed."""
    return write_text(path, json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: str | os.PathLike, text: str) -> Path:
    """Write UTF-8 text atomically and return the path."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


@contextlib.contextmanager
def replacing(path: str | os.PathLike):
    """Give a temporary path beside `path`; on success it is renamed over it, else it is removed.

    Raises:
        MdpError: the folder cannot be made or written, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files that only the owner reads; a saved study is for everyone the folder is for.
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise MdpError(
            f"{path} could not be written: {error.strerror or error}. Free some space or choose another "
            "folder (MDP_DATA=/some/folder), then try again; nothing was changed."
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
