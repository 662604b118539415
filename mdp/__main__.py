import atexit
import contextlib
import io
import os
import sys

from .cli import main
from .core import processes
from .core.cores import bound_threads


def run() -> None:
    """The command `mdp`, and `python -m mdp`."""
    bound_threads()
    for stream in (sys.stdout, sys.stderr):  # None where they were closed
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows no dash still shows the sentence
            stream.reconfigure(errors="backslashreplace")
    code = main()
    # Everything is saved by now, and torch would take seconds to be taken down piece by piece. What was
    # stopped on request leaves at once.
    if code != 130 and not (code and processes.joined()):  # the others wait for this one's end
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, AttributeError, ValueError):  # closed, or the disk is full
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
