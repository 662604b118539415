"""Reading and writing JSON so that a file is always whole: written beside its place, then renamed.

What is read may come from anybody: a file that would use up memory or patience is refused before it does.
"""

import contextlib
import json
import math
import os
import re
import secrets
import shutil
import socket
import stat
from pathlib import Path
from typing import Any

import psutil

from .errors import BadFile, MdpError
from .places import refuse_place

# Limits of what is read. The largest study of a network in timm takes some megabytes.
MOST_BYTES = 24_000_000
MOST_LISTS = 1_000_000
MOST_VALUES = 3_000_000
MOST_LEVELS = 50

# Characters that command a terminal, as JSON writes them, but tab and line ends; and halves of characters.
CONTROLS = r"\\u00[01][0-9a-f]|\\[bf]|[\x7f-\x9f]"
UNFIT = re.compile(rf"{CONTROLS}|[\ud800-\udfff]")
SUSPECT = re.compile(r"\\u(00[0189]|007[fF]|[dD][89a-fA-F])|\\[bf]|[\x7f-\x9f]")


def said_format(data: Any) -> str:
    """What a file that is not ours says it is, to end a sentence with; "" where it says nothing."""
    said = data.get("format") if isinstance(data, dict) else None
    return f" (its format says {said!r})" if isinstance(said, str) else ""


def read_json(path: str | os.PathLike, kind: str = "file") -> Any:
    """Read strict JSON (NaN and Infinity are refused). `kind` names the thing in error messages.

    Raises:
        BadFile: the file is missing, unreadable, not UTF-8 or not JSON, or larger than anything of ours.
    """
    path = Path(path)
    try:
        # A pipe may never say anything; `mdp solve <(command)` is one that will.
        if stat.S_ISFIFO(path.stat().st_mode) and path.parts[:2] != ("/", "dev"):
            raise BadFile(f"The {kind} {path} is not a file.")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise BadFile(
                f"The {kind} {path} is larger than {MOST_BYTES // 1_000_000} MB, which no such file is; it "
                "was not read. Use another copy or make it anew."
            )
        text = raw.decode("utf-8")
    except FileNotFoundError:
        raise BadFile(f"There is no {kind} at {path}.") from None
    except UnicodeDecodeError:
        raise BadFile(f"The {kind} {path} is not a text file; a JSON file was expected.") from None
    except OSError as error:
        raise BadFile(f"The {kind} {path} cannot be read: {error.strerror}.") from None
    except ValueError:  # a path with what no path may hold
        raise BadFile(f"There is no {kind} at {str(path)!r}.") from None
    return parse_json(text, f"{kind} {path}")


def parse_json(text: str, source: str) -> Any:
    """Parse strict JSON; see `read_json`."""

    def refuse(constant: str):
        raise ValueError(f"it holds {constant[:20]}, which is not a number that a table can use")

    def finite(digits: str) -> float:
        return value if math.isfinite(value := float(digits)) else refuse(digits)

    def whole(digits: str) -> int:
        return int(digits) if len(digits) <= 20 else refuse(digits)

    if text.count(",") > MOST_VALUES or text.count("[") + text.count("{") > MOST_LISTS:
        raise BadFile(f"The {source} cannot be used: it holds more than {MOST_VALUES} values.")
    try:
        # 1e999 is JSON too, and infinite, as is a 1 with 400 zeros: every number is looked at.
        value = json.loads(text, parse_constant=refuse, parse_float=finite, parse_int=whole)
        if _deeper(value, MOST_LEVELS):
            raise ValueError(f"lists in it hold lists, more than {MOST_LEVELS} of them one in the other")
        # Half of a character, and what moves a terminal's cursor: no file name, page or terminal takes them.
        if SUSPECT.search(text) and UNFIT.search(_unescaped(value)):
            raise ValueError("a text in it holds what is no character")
    except json.JSONDecodeError as error:
        raise BadFile(
            f"The {source} is not complete JSON (line {error.lineno}: {error.msg}). It may have been cut "
            "off; use another copy or make it anew."
        ) from None
    except (ValueError, RecursionError) as error:
        raise BadFile(f"The {source} cannot be used: {error}.") from None
    return value


def _deeper(value: Any, levels: int) -> bool:
    """Whether more than so many lists or objects stand one in the other."""
    level = [value] if type(value) in (dict, list) else []
    for _ in range(levels):
        level = [v for one in level if _nests(one) for v in _inside(one) if type(v) in (dict, list)]
    return bool(level)


def _nests(value: Any) -> bool:
    """Whether a list or object holds another; of millions of numbers this is known at once."""
    return not {dict, list}.isdisjoint(map(type, _inside(value)))


def _inside(value: Any) -> Any:
    return value.values() if type(value) is dict else value


def _unescaped(value: Any) -> str:
    """The value as JSON whose only backslashes are those of escapes."""
    return json.dumps(value, ensure_ascii=False).replace("\\\\", "")


def write_json(path: str | os.PathLike, value: Any, *, indent: int | None = None) -> Path:
    """Write JSON atomically and return the path; directories are made as needed.

    A control character in a text (an error's colours, say) is left out: `read_json` takes none.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    if UNFIT.search(text.replace("\\\\", "")):
        text = re.sub(rf"(\\\\)|{CONTROLS}", r"\1", text)
    return write_text(path, text + "\n")


def write_text(path: str | os.PathLike, text: str) -> Path:
    """Write UTF-8 text atomically and return the path."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise MdpError(f"{path} was not written: a text in it holds what is no character.") from None
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


@contextlib.contextmanager
def replacing(path: str | os.PathLike):
    """Give a temporary path beside `path`; on success it is renamed over it, else it is removed.

    It is made with the rights that the user's umask leaves. What a killed process left beside it goes.

    Raises:
        MdpError: the folder cannot be made or written, the disk is full, or what is there is no file.
    """
    path = Path(path)
    refuse_place(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(path.parent)
        temporary = path.parent / temporary_name(path.name)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        rights = temporary.stat().st_mode
        yield temporary
        temporary.chmod(rights)  # some writers make another file of it
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "\0" not in str(path):
            raise
        raise unwritable(path, error) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError, ValueError):
                temporary.unlink(missing_ok=True)


def unwritable(path: str | os.PathLike, error: Exception) -> MdpError:
    """The one sentence for a file that could not be written."""
    reason = getattr(error, "strerror", None) or error
    return MdpError(
        f"{path} could not be written: {reason}. Free some space or choose another "
        "folder (MDP_DATA=/some/folder), then try again; nothing was changed."
    )


def check_writable(folder: str | os.PathLike) -> None:
    """Make a folder and write into it, before hours are spent on what goes there.

    Raises:
        MdpError: it cannot be made or written.
    """
    folder = Path(folder)
    trial = folder / temporary_name("trial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        trial.write_bytes(b"x")
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from None
    finally:
        with contextlib.suppress(OSError, ValueError):  # a full disk makes the file, and nothing in it
            trial.unlink(missing_ok=True)


@contextlib.contextmanager
def no_empty_folder(folder: str | os.PathLike | None):
    """Of the folders up to this one that work makes, take those away that it leaves empty: work that is
    refused leaves nothing behind."""
    made = (
        [] if folder is None else [p for p in (Path(folder), *Path(folder).parents) if not os.path.lexists(p)]
    )
    try:
        yield
    finally:
        for path in made:  # the deepest first; one that holds something stays, and what it lies in
            with contextlib.suppress(OSError, ValueError):
                path.rmdir()


# Folders where this process has looked for leftovers.
_cleared: set[Path] = set()


def clear_leftovers(folder: Path) -> None:
    """Remove what processes that were killed left in a folder while they wrote; once for each process."""
    if folder in _cleared:
        return
    _cleared.add(folder)
    for path in folder.glob(".*.part"):
        owner = re.fullmatch(r"\..*\.(?P<host>[0-9a-z]+)-(?P<pid>\d+)-[0-9a-f]+\.part", path.name)
        if owner and owner["host"] == _host() and not psutil.pid_exists(int(owner["pid"])):
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def temporary_name(name: str) -> str:
    """A name beside `name` that says whose it is: see `clear_leftovers`."""
    short = os.fsencode(name)[:150].decode(errors="ignore")  # a file system takes 255 bytes
    return f".{short}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.part"


def _host() -> str:
    """This machine among those that may share a folder, in a few characters."""
    return re.sub(r"[^0-9a-z]", "", socket.gethostname().lower())[:24] or "here"
