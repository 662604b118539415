"""A parser of command lines whose errors are sentences: what is wrong, and what to do."""

import argparse
import re
from typing import Any, NoReturn

from ..core.near import did_you_mean
from .option import listed

# An option as argparse names it: its first name, and others and what its value is called.
_ONE = r"argument (?P<one>[^\s/:]+)[^:]*"
# What argparse says, and what we say instead. `{prog}` is the command: `mdp solve`.
_SENTENCES = (
    (r"the following arguments are required: (?P<what>.*)", "`{prog}` needs {all}."),
    (r"one of the arguments (?P<what>.*) is required", "`{prog}` needs {any}."),
    (r"argument (?P<one>\S+): not allowed with argument (?P<other>\S+)", "Give {one} or {other}, not both."),
    (_ONE + r": expected one argument", "{one} needs a value after it."),
    (_ONE + r": expected (?P<n>\d+) arguments", "{one} needs {n} values after it."),
    (_ONE + r": invalid int value: (?P<value>.*)", "{one} takes a whole number, not {value}."),
    (_ONE + r": invalid float value: (?P<value>.*)", "{one} takes a number, not {value}."),
    (_ONE + r": ignored explicit argument (?P<value>.*)", "{one} takes no value: leave {value} out."),
    (r"ambiguous option: (?P<one>\S+) could match (?P<what>.*)", "{one} may be {any}: write it out."),
)  # fmt: skip


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that ends with one sentence and where to read on, not with all of its usage."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does it, but refuse at once what this command does not know, in its own name."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._unknown(rest))
        return found, rest

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self._sentence(message)} `{self.prog} --help` says what it takes.\n")

    def _sentence(self, message: str) -> str:
        if named := re.match(r"argument COMMAND: invalid choice: '(?P<name>.*?)' \(", message):
            return f"There is no command {named['name']!r}.{did_you_mean(named['name'], self._commands())}"
        for pattern, sentence in _SENTENCES:
            if found := re.fullmatch(pattern, message, re.S):
                names = re.split(r",? ", found.groupdict().get("what", ""))
                both = {"all": listed(names, "and"), "any": listed(names)}
                return sentence.format(prog=self.prog, **both, **found.groupdict())
        return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?")) else ".")

    def _unknown(self, rest: list[str]) -> str:
        """What is said of words that are left over."""
        name = next((word.partition("=")[0] for word in rest if word.startswith("-")), None)
        if name is None:
            return f"`{self.prog}` cannot place {rest[0]!r}: put quotes around a name with spaces in it."
        hint = did_you_mean(name.lstrip("-"), self._options(), before="--")
        return f"`{self.prog}` has no option {name}.{hint}"

    def _options(self) -> list[str]:
        shown = (a for a in self._actions if a.help != argparse.SUPPRESS)
        return [word[2:] for action in shown for word in action.option_strings if word.startswith("--")]

    def _commands(self) -> list[str]:
        return [name for action in self._actions for name in action.choices or ()]
