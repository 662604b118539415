"""How a command's options name a model: read as `mdp.networks.models.resolve` takes it."""

import argparse
import json
import re
from collections.abc import Callable
from typing import Any

from ..core.errors import MdpError
from ..core.model_ref import FACTORY, MEMORY, ModelRef
from ..networks.factories import VARIABLE, allowed, is_own
from ..operations.shared import BuiltAs, Model

# Arguments of timm's whose values are numbers, or lists of numbers: no word is one of them.
NUMBERS = (
    "depth", "depths", "embed_dim", "num_heads", "patch_size", "img_size", "mlp_ratio", "layers", "channels",
    "stem_width", "base_width", "cardinality", "output_stride", "drop_rate", "drop_path_rate",
)  # fmt: skip
_PYTHON = {"True": True, "False": False, "None": None}


def model_of(
    args: argparse.Namespace | Model, name: str | None = None, weights: str | None = None
) -> ModelRef:
    """Find the model that the options name. Raises MdpError as `resolve` and `reference_of` do."""
    from ..networks.models import own_size, resolve

    if getattr(args, "factory", None):
        return _of_factory(args, name or getattr(args, "model", ""))
    name, weights = name or args.model, weights or args.weights
    if not name:
        raise MdpError("Say which model: a name, or --factory FILE.py:function for one of your own.")
    size = input_size(args.input_size, args.in_chans, lambda: own_size(name, arguments(args.arg)))
    classes = None if args.classes is None else _count(args.classes, "--classes", 0)
    return resolve(name, weights, classes=classes, input_size=size, arguments=arguments(args.arg))


def _of_factory(args: argparse.Namespace | Model, name: str) -> ModelRef:
    from ..networks.factories import reference_of

    said = [flag for flag in ("classes", "arg") if getattr(args, flag)]
    if said:
        raise MdpError(f"--{said[0]} goes with a name that a library knows; a factory says it itself.")

    def unknown() -> tuple[int, int, int]:
        raise MdpError("Give the whole --input-size, such as 1x28x28: of an own network no size is known.")

    size = input_size(args.input_size, args.in_chans, unknown)
    return reference_of(args.factory, name, getattr(args, "weights", None), size)


def naming(ref: ModelRef) -> dict[str, Any]:
    """The options that name this model again, as those of `mdp.operations.shared.Model`.

    Raises:
        MdpError: its weights were held in memory, so no command can find them; or a factory makes it, and
            none was named to this process.
    """
    if is_own(ref):
        if not allowed():
            raise MdpError(
                f"{ref.name} is made by a function, and no code is run for what a study names. Start this "
                f"page or notebook with {VARIABLE}={ref.factory} in its environment, if you trust that."
            )
        named = {"model": ref.name, "factory": allowed()}
        named |= {} if ref.weights in (FACTORY, MEMORY) else {"weights": ref.weights}
        return named if ref.inputs else named | {"input_size": "x".join(map(str, ref.input_size))}
    if ref.weights == MEMORY:
        raise MdpError(
            f"The weights of {ref.name} were held in memory, and no command can find them. Use Python, "
            "or save the weights as a .safetensors checkpoint and make the study from that."
        )
    return {
        "model": ref.name,
        "weights": ref.weights,
        "input_size": "x".join(map(str, ref.input_size)),
        "classes": str(ref.classes),
        "arg": tuple(f"{key}={json.dumps(value)}" for key, value in ref.arguments.items()),
    }


def is_special(args: argparse.Namespace | BuiltAs) -> bool:
    """Whether the words ask for another model than timm builds by default under its name."""
    said = (args.input_size, args.in_chans, args.classes, args.factory)
    return bool(args.arg) or any(v is not None for v in said)


def input_size(
    size: str | None, channels: str | None, default: Callable[[], tuple[int, int, int]]
) -> tuple[int, int, int] | None:
    """(channels, height, width), or None where neither is said; `default()` is the model's.

    Raises:
        MdpError: it is no size, or the channels are said twice, and differ.
    """
    if size is None and channels is None:
        return None
    typed = [] if size is None else re.split(r"[x×, ]+", size.strip().lower())
    if len(typed) > 3 or not all(map(_is_count, typed)):
        raise MdpError(
            f"--input-size {size} is not the size of an image. Write 224, 224x192 or 3x224x192, with numbers "
            "from 1 to 99999."
        )
    sides = [int(word) for word in typed]
    first = _count(channels, "--in-chans") if channels is not None else None
    if len(sides) == 3 and first not in (None, sides[0]):
        raise MdpError(f"--input-size {size} has {sides[0]} channels and --in-chans says {first}. Say one.")
    height, width = ((*sides, *sides) if len(sides) == 1 else sides)[-2:] if sides else default()[1:]
    return (sides[0] if len(sides) == 3 else first or default()[0], height, width)


def arguments(typed: list[str]) -> dict[str, Any]:
    """`["depth=6", "stem_type=deep"]` as `{"depth": 6, "stem_type": "deep"}`: JSON, or a bare word; no code.

    Raises:
        MdpError: a word is no KEY=VALUE, a key stands twice, or a word stands where a number belongs.
    """
    found: dict[str, Any] = {}
    for word in typed:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals or not key.isidentifier():
            raise MdpError(f"--arg {word} is not understood. Write a name and a JSON value: depth=6.")
        if key in found:
            raise MdpError(f"--arg gives {key} twice. Say it once.")
        found[key] = _value(key, value.strip())
        if key in NUMBERS and isinstance(found[key], str | bool):
            raise MdpError(f"--arg {word} cannot be used: {key} is a number, or a list of numbers.")
    return found


def _value(key: str, text: str) -> Any:
    if text in _PYTHON:
        return _PYTHON[text]
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        if re.fullmatch(r"[\w.\-/+]+", text) and not re.match(r"[+-]?(\d|\.|NaN$|Infinity$)", text):
            return text
        raise MdpError(
            f"--arg {key}={text} is not understood: write a number, true, false, null, a word, or JSON."
        ) from None


def _no_number(word: str) -> Any:
    raise ValueError(word)


def _is_count(word: str, least: int = 1) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,5}", word.strip())) and int(word) >= least


def _count(word: str, what: str, least: int = 1) -> int:
    if not _is_count(word, least):
        raise MdpError(f"{what} {word!r} cannot be used: give a whole number from {least} to 99999.")
    return int(word)
