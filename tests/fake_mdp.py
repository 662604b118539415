"""Stands in for `python -m mdp` in tests of jobs: the real command line with small commands of its own."""

import subprocess
import sys
import time
import types
from dataclasses import make_dataclass

import numpy as np

from mdp import cli
from mdp.core.errors import MdpError
from mdp.operations import OPERATIONS, Options, option


def command(name, *flags):
    """Register a function as the module of a command; every flag is a number."""

    def register(run):
        module = types.ModuleType(f"mdp.cli.{name}")
        module.run = run
        sys.modules[module.__name__] = module
        fields = [(f, float | None, option(None, "a number")) for f in flags]
        record = make_dataclass(name, fields, bases=(Options,), namespace={"__doc__": "A command for tests."})
        record.command = name
        OPERATIONS[name] = record
        return run

    return register


@command("count", "to", "pause")
def count(args):
    report = cli.reporter(args)
    report.message("Counting — “slowly”.")
    for i in range(int(args.to)):
        time.sleep(args.pause)
        report.metric(epoch=i, loss=np.float32(1 / (i + 1)))
        report.step(i + 1, args.to, f"number {i + 1}")
    report.result(path="made.json", accuracy=np.float64(0.5))


@command("complain")
def complain(args):
    raise MdpError("The folder holds no images; choose another one.")


@command("crash")
def crash(args):
    raise ValueError("unexpected")


@command("abort")
def abort(args):
    import os

    os.abort()


@command("deaf")
def deaf(args):
    """Ignores every polite request, and so does its child."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(
        [sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"],
        start_new_session=True,
    )
    cli.reporter(args).result(child=child.pid)
    time.sleep(60)


@command("stubborn")
def stubborn(args):
    """Takes every error for one of its own, and goes on."""
    cli.reporter(args).result(ready=True)
    while True:
        try:
            time.sleep(0.05)
        except Exception:
            continue


if __name__ == "__main__":
    sys.exit(cli.main())
