"""Every error that a person may meet is a sentence: what is wrong, and what to do about it."""


class MdpError(Exception):
    """Something the user can put right. Its text is shown as it is, without a traceback."""


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
    return (line or type(error).__name__).rstrip(".")
