"""`python -m mdp COMMAND`: one module per command, imported only when it is named (most need no torch).

What a command takes is written in `mdp.operations`; its module has `run(args) -> int | None`. Long commands
take their reporter from `mdp.cli.reporter(args)`, so that the same command runs in a terminal and as a job of
the explorer.
"""

import argparse
import contextlib
import errno
import importlib
import json
import os
import re
import signal
import sys
from importlib import metadata
from pathlib import Path

from ..core import processes
from ..core.errors import Cancelled, MdpError
from ..core.files import check_writable, no_empty_folder
from ..core.paths import data_dir
from ..core.places import refuse_place
from ..core.progress import ConsoleReporter, Reporter
from ..jobs import JobReporter, introduce, note_exit
from ..operations import OPERATIONS, Options, Parser, add_options, options_of

# Work that several processes share (torchrun, accelerate launch); of any other the first does all.
SHARED = {"train", "finetune"}

# What the extra "torch" brings: solving, drawing and the page do without.
TORCH = ("torch", "torchvision", "timm", "accelerate", "safetensors", "PIL", "onnx", "onnxscript")
WITHOUT_TORCH = (
    "`mdp {command}` needs {module}, which is not installed. Install it with: "
    "pip install 'mdp-explorer[torch]'"
)


def main(argv: list[str] | None = None) -> int:
    """Run one command. 0: done; 1: failed; 2: the input was wrong or cannot be met; 130: cancelled."""
    argv = _with_negatives(sys.argv[1:] if argv is None else argv)
    parser = Parser(prog="mdp", description="Multi-dimensional pruning under a latency budget.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = next((a for a in argv if not a.startswith("-")), None)
    for name, operation in OPERATIONS.items():
        sub = commands.add_parser(name, help=in_short(operation), description=operation.__doc__)
        if name == named:
            fill(sub, operation)
            sub.set_defaults(run=importlib.import_module(module_of(name)).run)
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _on_terminate)
    if processes.count() > 1:
        if processes.rank() and args.command not in SHARED:
            print(f"{processes.label()}`mdp {args.command}` is done by the first one alone.", file=sys.stderr)
            return 0
        processes.leave_when_told()
    args.typed, code = False, 1  # typed: a terminal watches a run that the pages watch too
    job = getattr(args, "job", None)
    try:
        if job and not processes.rank():  # a run in several processes is one job
            args.typed = introduce(args.job, _without_job(argv))
    except MdpError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        code = _execute(args)
    finally:
        if job and not processes.rank():  # the page that started it may be gone by now
            note_exit(job, code)
    return code


def _version() -> str:
    try:
        return f"mdp {metadata.version('mdp-explorer')}"
    except metadata.PackageNotFoundError:
        return "mdp, run from its source"


def _with_negatives(argv: list[str]) -> list[str]:
    """`--macs -3M` as `--macs=-3M`: an amount that cannot be, and no option, so that a sentence says so."""
    found: list[str] = []
    for word in argv:
        if found and re.match(r"-\.?\d", word) and re.fullmatch(r"--[a-z][a-z-]*", found[-1]):
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def module_of(command: str) -> str:
    """The module of a command: `import-tables` is in mdp.cli.import_tables."""
    return f"mdp.cli.{command.replace('-', '_')}"


def in_short(operation: type[Options]) -> str:
    """What a command does, as part of a list."""
    text = str(operation.__doc__).partition("\n")[0]
    return text[0].lower() + text[1:].rstrip(".")


def fill(parser: argparse.ArgumentParser, operation: type[Options]) -> None:
    """Give a parser all that a command takes."""
    parser.add_argument("--job", metavar="FOLDER", help="show this run on the explorer's pages as well")
    add_options(parser, operation)


def _execute(args: argparse.Namespace) -> int:
    try:
        options_of(OPERATIONS[args.command], args)  # refuses what is out of bounds before anything is loaded
        if getattr(args, "factory", None):  # said here, it may run in this process and its children
            from ..networks.factories import allow

            allow(args.factory)
        with no_empty_folder(None if processes.rank() else getattr(args, "out", None)):
            code = args.run(args) or 0
        if sys.stdout is None:
            _say(
                MdpError(
                    "Standard output is closed: what was to be printed is lost. What was saved is kept."
                ),
                args,
            )
            return code or 1
        sys.stdout.flush()  # a full disk is met here, where a sentence can be made of it
        return code
    except Cancelled as stop:
        print(f"{processes.label()}{stop}", file=sys.stderr)
        return 130
    except MdpError as error:
        _say(error, args)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in TORCH:
            raise
        _say(MdpError(WITHOUT_TORCH.format(command=args.command, module=error.name)), args)
        return 2
    except KeyboardInterrupt:
        print(f"{processes.label()}{processes.STOPPED}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `mdp ... | head`
        _drop_output()
        return 1
    except OSError as error:  # not of a file of ours: those make sentences of it
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT, errno.EFBIG):
            raise
        _drop_output()
        _say(MdpError(f"The output could not be written: {error.strerror}. What was saved is kept."), args)
        return 1


def _drop_output() -> None:
    """Let what is still to be printed go nowhere."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(error: MdpError, args: argparse.Namespace) -> None:
    """Print an error, and keep it for the pages, which see no terminal."""
    lost = isinstance(error, processes.Lost)
    if processes.rank() and not (processes.joined() or processes.first_here()):
        return  # the first one meets the same and says it
    if processes.joined():  # this one ends anyway, and the launcher may be telling it to
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    text, job = f"{processes.label()}{plain(str(error))}\n", getattr(args, "job", None)
    # What fails in any of several processes ends the whole run, and is what the pages should say.
    fatal = bool(job and processes.rank() and processes.joined() and not lost)
    with contextlib.suppress(OSError):  # a job's output goes to a file, and its disk may be full
        print(text, end="", file=sys.stderr, flush=True)
        log = Path(job or "") / "log.txt"
        if fatal or (args.typed and not (lost and log.exists())):
            log.write_text(text, encoding="utf-8")
    if fatal:
        note_exit(job, 2)


def plain(text: str) -> str:
    """Text without control characters: a name that somebody else gave a file moves no cursor here."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def reporter(args: argparse.Namespace) -> Reporter:
    """The reporter for a long command: the job's if it runs as one, the console's in a terminal, or both."""
    if processes.rank():  # the first process speaks for all
        return Reporter()
    if not getattr(args, "job", None):
        return ConsoleReporter()
    return JobReporter(args.job, also=ConsoleReporter() if args.typed else None)


def _without_job(argv: list[str]) -> list[str]:
    """The words as typed, without `--job FOLDER`."""
    kept, words = [], iter(argv)
    for word in words:
        if word == "--job":
            next(words, None)
        elif not word.startswith("--job="):
            kept.append(word)
    return kept


def check_out(out: str | None, kind: str) -> None:
    """Raises MdpError if what a long command makes cannot be written to `out`, or among the user's `kind`."""
    if out:
        refuse_place(out)
    check_writable(Path(out).parent if out else data_dir() / "user" / kind)


def print_json(value) -> None:
    unicode = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    print(json.dumps(value, ensure_ascii=not unicode, allow_nan=False))


def _on_terminate(signum, frame):
    # No Exception: it comes at any moment, and nobody who handles errors may take it for one of theirs.
    raise KeyboardInterrupt
