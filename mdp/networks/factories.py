"""Networks of one's own, made by a function that the user names: `package.module:name`, `FILE.py:name`.

A study notes which function made its network; that note runs nothing. The function that runs is the one that
was named to this process, by `--factory`, in Python, or as MDP_FACTORY, which jobs inherit.
"""

import dataclasses
import importlib
import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadFile, MdpError, first_line
from ..core.model_ref import FACTORY, MEMORY, ModelRef
from .same_numbers import same_numbers

if TYPE_CHECKING:
    from torch import nn

VARIABLE = "MDP_FACTORY"
# Whatever a stranger's code raises: a script that reads its own command line ends the process.
_RAISED = (Exception, SystemExit)
_HOW = "Write package.module:function, or FILE.py:function."


def allow(text: str) -> str:
    """Name the function that may be run in this process and its jobs; how it is noted is returned.

    Raises:
        MdpError: it is neither `package.module:function` nor `FILE.py:function`.
    """
    place, _, function = text.rpartition(":")
    if not place or not function.isidentifier() or not place.isprintable():
        raise MdpError(f"The factory {text!r} is not understood. {_HOW}")
    if _is_file(place):
        place = str(Path(place).expanduser().absolute())
    elif not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", place):
        raise MdpError(f"The factory {text!r} is not understood: {place!r} is no module. {_HOW}")
    os.environ[VARIABLE] = f"{place}:{function}"
    return os.environ[VARIABLE]


def allowed() -> str:
    """The function that was named to this process, empty if none was."""
    return os.environ.get(VARIABLE, "")


def is_own(ref: ModelRef) -> bool:
    """Whether a network is one that a factory makes: noted so, or held in memory while a factory is named."""
    return bool(ref.factory) or (ref.weights == MEMORY and bool(allowed()))


def make(ref: ModelRef, *, load_weights: bool = True) -> "nn.Module":
    """The network of a study or architecture, by the function that was named to this process.

    Raises:
        MdpError: none was named, or it makes no network.
        BadFile: the checkpoint is not of it.
    """
    if not allowed():
        raise MdpError(
            f"{ref.name} is made by the function {ref.factory}, and no code is run for what a file names. "
            f"If you trust it, add --factory {shlex.quote(ref.factory)} (or set {VARIABLE} to it)."
        )
    model, _ = run(allowed())
    if load_weights and ref.weights not in (FACTORY, MEMORY, "none"):
        from .heads import load

        load(model, Path(ref.weights), ref.name)
    return model


def run(text: str) -> "tuple[nn.Module, Any]":
    """(network at rest, example inputs or None): what the function gives, random numbers being the same each
    time.

    Raises:
        MdpError: it is not found, fails, or gives something else.
    """
    import torch

    from .in_memory import at_rest

    place, _, name = text.rpartition(":")
    with _importable(Path(place).parent if _is_file(place) else Path.cwd()):
        function = _function(place, name)
        with same_numbers():
            try:
                made = function()
            except _RAISED as error:
                raise MdpError(
                    f"The factory {text} failed ({type(error).__name__}: {first_line(error)}). It is called "
                    "without arguments and returns the network."
                ) from None
    model, inputs = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(model, torch.nn.Module):
        raise MdpError(
            f"The factory {text} gives a {type(made).__name__}. It returns the torch.nn.Module, or that and "
            "its example inputs."
        )
    return at_rest(model), inputs


def reference_of(
    text: str, name: str = "", weights: str | None = None, input_size: tuple[int, ...] | None = None
) -> ModelRef:
    """What to call the network of a factory, and whose weights it has: those that its factory gives it, or
    those of a checkpoint.

    Raises:
        MdpError: as `run`, and where the size of its input is not known.
        BadFile: the checkpoint is missing, damaged, or of another network.
    """
    from .in_memory import examples, reference

    text = allow(text)
    model, inputs = run(text)
    given = None if inputs is None or input_size else examples(inputs, model)
    if given is None and not input_size and not getattr(model, "pretrained_cfg", None):
        raise MdpError(
            f"The size of an image for the network of {text} is not known. Let the factory return (network, "
            "example inputs), or say it: --input-size 3x224x224."
        )
    ref = reference(model, input_size, given)
    weights = FACTORY if weights in (None, "none", FACTORY) else str(weights)
    if weights in ("demo", "pretrained"):
        raise MdpError(
            f"The network of {text} has the weights that its factory gives it, or those of a safetensors "
            "checkpoint: --weights FILE."
        )
    own = dataclasses.replace(ref, name=name or ref.name, weights=weights, arguments={}, factory=text)
    if weights != FACTORY:
        make(own)  # says at once what does not fit
    return own


def with_factory(
    ref: ModelRef, model: "nn.Module", text: str, checkpoint: str | os.PathLike | None = None
) -> ModelRef:
    """The reference of a network in memory that a factory makes again, with the same weights.

    Raises:
        MdpError: as `run`, or it makes a network of other tensors, or other values in them.
    """
    from .weights import state_hash

    weights = FACTORY if checkpoint is None else str(Path(checkpoint).expanduser().absolute())
    own = dataclasses.replace(ref, weights=weights, arguments={}, factory=allow(text))
    again, here = make(own).state_dict(), model.state_dict()
    if {n: t.shape for n, t in again.items()} != {n: t.shape for n, t in here.items()}:
        raise MdpError(f"The factory {own.factory} makes another network than this {ref.name}.")
    if state_hash(again) != state_hash(here):
        raise MdpError(
            f"The factory {own.factory} makes this network with other weights. Save them, "
            'safetensors.torch.save_model(model, "net.safetensors"), and give checkpoint='
            '"net.safetensors".'
        )
    return own


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or os.sep in place


def _function(place: str, name: str) -> Callable[[], Any]:
    module = _of_file(Path(place)) if _is_file(place) else _of_package(place)
    function = getattr(module, name, None)
    if not callable(function):
        raise MdpError(f"{place} has no function {name!r} that makes a network.")
    return function


def _of_package(place: str) -> Any:
    try:
        return importlib.import_module(place)
    except _RAISED as error:
        raise MdpError(f"The module {place} cannot be imported: {first_line(error)}.") from None


def _of_file(path: Path) -> Any:
    if not os.path.isfile(path):
        raise BadFile(f"There is no file {path} with a factory in it.")
    name = f"mdp_factory_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadFile(f"{path} is no Python file. {_HOW}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except _RAISED as error:
        raise BadFile(f"{path} cannot be run: {type(error).__name__}: {first_line(error)}.") from None
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What lies beside the factory can be imported, as where its file is run."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


__all__ = ["VARIABLE", "allow", "allowed", "is_own", "make", "reference_of", "run", "with_factory"]
