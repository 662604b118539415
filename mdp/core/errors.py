"""Every error that a person may meet is a sentence: what is wrong, and what to do about it."""

import re

# Longer words than any path or name that is meant for people.
_LONGEST = 300
# What a terminal obeys, but ends of lines: a name out of somebody's file may hold it.
_COMMANDS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def brief(text: str) -> str:
    """A text whose very long words, names of thousands of letters, are shown by their ends; without control
    characters.

    >>> brief("There is no model " + "x" * 5000)[:30]
    'There is no model xxxxxxxxxxxx'
    """
    return re.sub(rf"\S{{{_LONGEST + 1},}}", _ends, _COMMANDS.sub(" ", text))


def _ends(word: re.Match[str]) -> str:
    return f"{word[0][:60]}…{word[0][-20:]}"


class MdpError(Exception):
    """Something the user can put right. Its text is shown as it is, without a traceback."""

    def __init__(self, *said: object):
        super().__init__(*(brief(s) if isinstance(s, str) else s for s in said))


class BadFile(MdpError):
    """A file is missing, damaged, or not what it claims to be. Nothing of it was used."""


class Unsupported(MdpError):
    """A model, solver or device that this project cannot handle; the text says why."""


class Infeasible(MdpError):
    """No choice meets the budget.

    Attributes:
        smallest: the smallest latency that any choice reaches, in the problem's unit, or None if unknown.
    """

    def __init__(self, message: str, smallest: float | None = None):
        super().__init__(message)
        self.smallest = smallest


class Cancelled(MdpError):
    """Long work was stopped on request. What was finished is saved."""


def first_line(error: BaseException) -> str:
    """What another library says of its error, fit to stand in a sentence: its first line without control
    characters, which a terminal would obey, or its class."""
    lines = str(error).strip().splitlines()
    line = "".join(c if c.isprintable() else " " for c in lines[0]).strip() if lines else ""
    line = f"{line[:_LONGEST]}…" if len(line) > _LONGEST else line
    return (line or type(error).__name__).rstrip(".")
