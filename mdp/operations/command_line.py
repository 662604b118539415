"""Records of options as a command line: its parser, the record that was typed, and the words of a record."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from .option import Option, Options, check, described, listed

R = TypeVar("R", bound=Options)


def add_options(parser: argparse.ArgumentParser, operation: type[Options]) -> None:
    """Give a parser every option of an operation."""
    groups: dict[str, Any] = {}
    for about in described(operation):
        place: Any = parser
        if about.one_of:
            if about.one_of not in groups:
                groups[about.one_of] = parser.add_mutually_exclusive_group(required=about.needed)
            place = groups[about.one_of]
        elif about.section:
            if about.section not in groups:
                groups[about.section] = parser.add_argument_group(about.section)
            place = groups[about.section]
        _add(place, about)


def _add(place: Any, about: Option) -> None:
    how: dict[str, Any] = {"help": argparse.SUPPRESS if about.hidden else help_of(about)}
    if about.kind is bool:  # what is usual can be switched off: --no-repair
        how |= {"action": argparse.BooleanOptionalAction if about.default or about.both else "store_true"}
        how["default"] = about.default
    elif about.words:
        how |= {"nargs": len(about.words), "metavar": about.words, "default": []}
    elif about.kind is tuple:
        how |= {"metavar": about.metavar, "default": []}
        how |= {"nargs": "*"} if about.positional else {"action": "append"}
    else:
        how |= {"type": about.kind, "metavar": about.metavar}
        if about.default is not dataclasses.MISSING:
            how["default"] = about.default
            how |= {"nargs": "?"} if about.positional else {}
        elif not about.positional:
            how["required"] = True
    place.add_argument(about.flag, **how)
    for name in about.formerly:
        place.add_argument(name, **how | {"dest": about.name, "help": argparse.SUPPRESS})


def help_of(about: Option) -> str:
    """Its help with choices and default, as argparse wants it: `cpu, cuda, mps or auto (default)`."""
    text = about.help
    if about.kind is not bool and about.choices:
        names = (f"{c} (default)" if c == about.default else str(c) for c in about.choices)
        text += f": {listed(names)}"
    elif about.absent:
        text += f" (default: {about.absent})"
    elif about.kind in (int, float, str) and about.default not in (None, "", dataclasses.MISSING):
        default = about.default
        text += f" (default {default:g})" if about.kind is float else f" (default {default})"
    return text.replace("%", "%%")


def options_of(operation: type[R], args: argparse.Namespace | Mapping[str, Any]) -> R:
    """The record that was typed.

    Raises:
        MdpError: a value is out of bounds; the sentence names it as it was typed: `--epochs`.
    """
    given = vars(args) if isinstance(args, argparse.Namespace) else args
    values = {about.name: _value(about, given[about.name]) for about in described(operation)}
    check(operation, lambda about: about.flag, **values)
    return operation(**values)


def _value(about: Option, typed: Any) -> Any:
    return tuple(typed or ()) if about.kind is tuple else typed


def argv(options: Options) -> list[str]:
    """The words of `mdp` that ask for exactly this: the command, what it is about, what is not as usual.

    >>> from mdp.operations import SolveOptions
    >>> argv(SolveOptions(file="fmnist-vit-cpu", budget="40%", solver="milp"))
    ['solve', 'fmnist-vit-cpu', '--budget', '40%', '--solver', 'milp']
    """
    about = [(o, getattr(options, o.name)) for o in described(type(options))]
    words = [options.command] if options.command else []
    for o, value in about:
        if o.positional:
            words += map(str, value) if o.kind is tuple else [str(value)] * (value != o.default)
    for o, value in about:
        if not o.positional and value != o.default:
            words += _words(o, value)
    return words


def _words(about: Option, value: Any) -> list[str]:
    if about.kind is bool:
        return [about.flag if value else about.flag.replace("--", "--no-", 1)]
    if about.words:
        return [about.flag, *map(str, value)]
    pairs: list[str] = []
    for one in value if about.kind is tuple else [value]:
        text = f"{one:g}" if about.kind is float and float(f"{one:g}") == one else str(one)
        # A word that begins with a dash would be taken for an option's name.
        pairs += [f"{about.flag}={text}"] if text.startswith("-") else [about.flag, text]
    return pairs
