"""A network as an ONNX file that runs without this project, without timm and without torch."""

import logging
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from ..core.errors import MdpError, first_line
from ..core.files import replacing


def export_onnx(
    model: nn.Module,
    path: str | os.PathLike,
    input_size: Sequence[int],
    inputs: Sequence[tuple[str, Sequence[int]]] = (),
    tell: Callable[[str], object] = warnings.warn,
) -> Path:
    """Write `model` for images of `input_size` (channels, height, width), any batch size; returns the path.

    Input `images`, output `scores`; weights are inside the file. With `inputs`, as in `ModelRef.inputs`, the
    inputs are these, named `input_0` and so on. The parts of a dict are named by its keys, those of other
    answers as torch names them. Of an answer that holds more than tensors (a number, a word, a dataclass) the
    file has the tensors, in order.

    Args:
        tell: takes the sentence that says what of the answer was left out.

    Raises:
        MdpError: torch cannot express the model in ONNX, or the file cannot be written.
    """
    named = ["images"] if not inputs else [f"input_{i}" for i in range(len(inputs))]
    kinds = [(getattr(torch, kind), shape) for kind, shape in inputs or (("float32", input_size),)]
    example = tuple(
        torch.randn(2, *shape).to(kind) if kind.is_floating_point else torch.zeros(2, *shape, dtype=kind)
        for kind, shape in kinds
    )
    free = ({0: torch.export.Dim("batch", min=1)},) * len(example)
    training = model.training
    model.eval()
    try:
        with _quiet():
            with torch.no_grad():
                answer = model(*(t.clone() for t in example))
            left_out = _no_tensors(answer)
            program = torch.onnx.export(
                model if left_out is None else _TensorsAlone(model),
                example,
                dynamo=True,
                verbose=False,
                input_names=named,
                output_names=_output_names(answer, bool(inputs)),
                dynamic_shapes=free if left_out is None else (free,),
            )
    except Exception as error:  # the exporter raises many kinds; the reason goes to the reader
        raise MdpError(f"This {type(model).__name__} could not be written as ONNX: {_why(error)}.") from error
    finally:
        model.train(training)
    with replacing(path) as temporary:
        program.save(str(temporary), external_data=False)
    if left_out:
        tell(f"ONNX knows tensors alone: left out of what {type(model).__name__} gives were {left_out}.")
    return Path(path)


class _TensorsAlone(nn.Module):
    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(t for t in _parts(self.network(*inputs)) if isinstance(t, torch.Tensor))


def _parts(answer: object) -> list[object]:
    """What an answer holds, also one that is a dataclass."""
    return tree_leaves(dict(vars(answer)) if hasattr(answer, "__dataclass_fields__") else answer)


def _output_names(answer: object, several: bool) -> list[str] | None:
    """Names of the outputs; None for those that torch gives. `several`: whether there are several inputs."""
    if isinstance(answer, torch.Tensor):
        return None if several else ["scores"]
    plain = isinstance(answer, dict) and all(isinstance(t, torch.Tensor) for t in answer.values())
    return [str(key) for key in answer] if plain and len(set(map(str, answer))) == len(answer) else None


def _no_tensors(answer: object) -> str | None:
    """What there is in an answer that is no tensor, empty for none in a class of the user's own; None where
    the exporter takes the answer as it is."""
    if all(part is None or isinstance(part, torch.Tensor) for part in tree_leaves(answer)):
        return None
    others = [p for p in _parts(answer) if p is not None and not isinstance(p, torch.Tensor)]
    return ", ".join(f"{p!r}" if isinstance(p, int | float | str) else type(p).__name__ for p in others)


def _why(error: BaseException) -> str:
    """What went wrong at the bottom; around it the exporter has advice for whoever writes exporters."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)


class _quiet(warnings.catch_warnings):
    """The exporter talks of its own internals; errors still come through as exceptions."""

    def __enter__(self):
        entered = super().__enter__()
        warnings.simplefilter("ignore")
        self._level = logging.root.manager.disable
        logging.disable(logging.ERROR)
        return entered

    def __exit__(self, *error):
        logging.disable(self._level)
        return super().__exit__(*error)
