"""One option of an operation: its default, its bounds, and what it says of itself.

    @dataclass(frozen=True, kw_only=True)
    class FinetuneOptions(Options, command="finetune"):
        epochs: int = option(3, "passes over the training images", least=0)

`FinetuneOptions.epochs` is 3, the default that a Python signature takes. `FinetuneOptions(epochs=-1)` raises
MdpError, and so does `check(FinetuneOptions, epochs=-1)`, for a function that takes some of the options.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, TypeVar

from ..core.errors import MdpError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Option:
    """What Python, the command line and the page know of one option.

    Attributes:
        help: one phrase, without the default.
        kind: int, float, str, bool, or tuple for one that can be given again and again.
        default: None where nothing is said; dataclasses.MISSING where something must be.
        least, most: bounds that are allowed themselves; `above` is one that is not.
        choices: each with the words that a form shows for it.
        closed: whether nothing else than `choices` will do, or whoever does the work decides.
        absent: what None means: "all".
        label: over its field in a form.
        metavar: what the command's help calls its value.
        positional: a word of the command without a name before it.
        section: heading in the command's help under which it stands.
        words: of a tuple: what each of its words is called, where it is given once, with exactly these.
        both: of a bool: whether --no-NAME can be said too; where True is the default it always can.
        one_of: name of a group of options of which one can be given; `needed`: one must.
        hidden, formerly: left out of help; names that it had before.
    """

    help: str
    name: str = ""
    kind: type = str
    default: Any = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    choices: Mapping[Any, str] = dataclasses.field(default_factory=dict)
    closed: bool = True
    absent: str = ""
    label: str = ""
    metavar: str | None = None
    positional: bool = False
    words: tuple[str, ...] = ()
    section: str = ""
    both: bool = False
    one_of: str = ""
    needed: bool = False
    hidden: bool = False
    formerly: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """Its name on the command line: `--time-limit`, or `study` for a positional one."""
        return self.name if self.positional else "--" + self.name.replace("_", "-")

    @property
    def title(self) -> str:
        """Its name in a form."""
        return self.label or self.name.replace("_", " ").capitalize()

    def complaint(self, value: Any) -> str:
        """What to give instead of a value that cannot be used; "" for one that can."""
        if value is None and self.default is None:
            return ""
        if self.choices and self.closed:
            return "" if value in self.choices else f"give {listed(map(str, self.choices))}"
        if self.kind not in (int, float):
            return ""
        if not isinstance(value, Integral if self.kind is int else Real):
            return "give a whole number" if self.kind is int else "give a number"
        return "" if self._within(float(value)) else f"give {self._bounds()}"

    def _within(self, value: float) -> bool:
        # So written that NaN, which compares with nothing, is refused where there is a bound.
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )

    def _bounds(self) -> str:
        if self.most is None:
            return f"{self.least} or more" if self.least is not None else f"a number above {self.above}"
        low = f"from {self.least} to" if self.least is not None else f"above {self.above} and at most"
        return f"a number {low} {self.most}"


def option(default: T, help: str, *, choices: Any = (), **facts: Any) -> T:
    """A field of a record of options; `facts` are those of `Option`. Typed as its default, for readers."""
    labels = choices if isinstance(choices, Mapping) else {name: str(name) for name in choices}
    about = Option(help, default=default, choices=labels, **facts)
    given = {} if default is dataclasses.MISSING else {"default": default}
    return dataclasses.field(**given, metadata={"option": about})  # type: ignore[call-overload]


def required(help: str, **facts: Any) -> Any:
    """A field that has no default."""
    return option(dataclasses.MISSING, help, **facts)


class Options:
    """What the record of every operation is made from: a frozen dataclass whose values are within bounds.

    Its docstring's first line is what `mdp --help` says of the command.
    """

    command: ClassVar[str] = ""

    def __init_subclass__(cls, command: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.command = command

    def __post_init__(self) -> None:
        check(type(self), **{o.name: getattr(self, o.name) for o in described(type(self))})


def described(operation: type[Options]) -> tuple[Option, ...]:
    """Every option of an operation, in the order in which they were written."""
    hints = typing.get_type_hints(operation)
    found = []
    for field in dataclasses.fields(operation):  # type: ignore[arg-type]
        kind = _plain(hints[field.name])
        found.append(dataclasses.replace(field.metadata["option"], name=field.name, kind=kind))
    return tuple(found)


def check(operation: type[Options], called: Callable[[Option], str] | None = None, /, **values: Any) -> None:
    """Refuse a value out of bounds. `called` names an option in the sentence; by default its Python name.

    Raises:
        MdpError: `epochs -1 cannot be used; give 0 or more.`

    >>> from mdp.operations import FinetuneOptions
    >>> check(FinetuneOptions, epochs=-1)
    Traceback (most recent call last):
    mdp.core.errors.MdpError: epochs -1 cannot be used; give 0 or more.
    """
    for about in described(operation):
        if about.name not in values:
            continue
        value = values[about.name]
        advice = about.complaint(value)
        if advice:
            name = called(about) if called else about.name
            text = f"{value:g}" if isinstance(value, float) else f"{value}"
            raise MdpError(f"{name} {text} cannot be used; {advice}.")


def listed(words: Any, last_by: str = "or") -> str:
    """`a, b or c`."""
    *before, last = words
    return f"{', '.join(before)} {last_by} {last}" if before else last


def _plain(hint: Any) -> type:
    """`int | None` as int, `tuple[str, ...]` as tuple."""
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    return typing.get_origin(hint) or hint
