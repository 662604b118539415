"""The words with which every command names a model, as `mdp.networks.models.resolve` takes it."""

import argparse
import json
import re
from typing import Any

from ..core.errors import MdpError
from ..core.model_ref import MEMORY, ModelRef

SKIP_BAD = "leave out images that cannot be read, and say which, instead of refusing them"
_PYTHON = {"True": True, "False": False, "None": None}


def add_model(parser: argparse.ArgumentParser, *, named: bool = True) -> None:
    """`model` and `--weights` (unless the command names its models otherwise), and how it is built."""
    if named:
        parser.add_argument("model", help="a demo network or a timm architecture")
        parser.add_argument(
            "--weights", help="demo, pretrained, none, or the path of a .safetensors checkpoint"
        )
    parser.add_argument(
        "--input-size",
        metavar="SIZE",
        help="of an image: 224, 224x192 (height x width) or 3x224x192 (default: own)",
    )
    parser.add_argument(
        "--in-chans", metavar="N", help="channels of an image: 1 (grey) or 3 (default: its own)"
    )
    parser.add_argument(
        "--classes",
        metavar="N",
        help="width of the classifier; other than the weights' it is new, and 0 is none",
    )
    parser.add_argument(
        "--arg", action="append", default=[], metavar="KEY=VALUE",
        help="an argument for timm, as JSON: --arg depth=6 --arg patch_size=7 (again for another)",
    )  # fmt: skip


def add_split_blocks(
    parser: argparse.ArgumentParser, text: str = "let a transformer's attention and MLP be removed apart"
) -> None:
    """`--split-blocks`, and the name that it had before."""
    parser.add_argument("--split-blocks", action="store_true", help=text)
    parser.add_argument("--halves", dest="split_blocks", action="store_true", help=argparse.SUPPRESS)


def model_of(args: argparse.Namespace, name: str | None = None, weights: str | None = None) -> ModelRef:
    """The model that the words name. Raises MdpError as `resolve`, and for words that make no sense."""
    from ..networks.models import own_size, resolve

    name, weights = name or args.model, weights or args.weights
    size = input_size(args.input_size, args.in_chans, lambda: own_size(name, arguments(args.arg)))
    classes = None if args.classes is None else _count(args.classes, "--classes", 0)
    return resolve(name, weights, classes=classes, input_size=size, arguments=arguments(args.arg))


def model_words(ref: ModelRef) -> list[str]:
    """The words that name this model again: `model_of` of them is `ref`.

    Raises:
        MdpError: its weights were held in memory, so no command can find them.
    """
    if ref.weights == MEMORY:
        raise MdpError(
            f"The weights of {ref.name} were held in memory, and no command can find them. Use Python, "
            "or save the weights as a .safetensors checkpoint and make the study from that."
        )
    size = "x".join(map(str, ref.input_size))
    words = [ref.name, "--weights", ref.weights, "--input-size", size, "--classes", str(ref.classes)]
    return words + [
        w for key, value in ref.arguments.items() for w in ("--arg", f"{key}={json.dumps(value)}")
    ]


def is_special(args: argparse.Namespace) -> bool:
    """Whether the words ask for another model than timm builds by default under its name."""
    return bool(args.arg) or any(v is not None for v in (args.input_size, args.in_chans, args.classes))


def input_size(size: str | None, channels: str | None, own) -> tuple[int, int, int] | None:
    """(channels, height, width), or None where neither is said; `own()` is the model's.

    Raises:
        MdpError: it is no size, or the channels are said twice, and differ.
    """
    if size is None and channels is None:
        return None
    words = [] if size is None else re.split(r"[x×, ]+", size.strip().lower())
    said = [_count(word, "--input-size") for word in words]
    if len(said) > 3:
        raise MdpError(f"--input-size {size} is no size of an image. Write 224, 224x192 or 3x224x192.")
    first = _count(channels, "--in-chans") if channels is not None else None
    if len(said) == 3 and first not in (None, said[0]):
        raise MdpError(f"--input-size {size} has {said[0]} channels and --in-chans says {first}. Say one.")
    height, width = ((*said, *said) if len(said) == 1 else said)[-2:] if said else own()[1:]
    return (said[0] if len(said) == 3 else first or own()[0], height, width)


def arguments(words: list[str]) -> dict[str, Any]:
    """`["depth=6", "stem_type=deep"]` as `{"depth": 6, "stem_type": "deep"}`: JSON, or a bare word; no code.

    Raises:
        MdpError: a word is no KEY=VALUE, or a key stands twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals or not key.isidentifier():
            raise MdpError(f"--arg {word} is not understood. Write a name and a JSON value: depth=6.")
        if key in found:
            raise MdpError(f"--arg gives {key} twice. Say it once.")
        found[key] = _value(key, value.strip())
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


def _count(word: str, what: str, least: int = 1) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", word.strip()) or int(word) < least:
        raise MdpError(f"{what} {word!r} cannot be used: give a whole number from {least} to 99999.")
    return int(word)
