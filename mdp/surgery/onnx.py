"""A network as an ONNX file that runs without this project, without timm and without torch."""

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from ..core.errors import MdpError, first_line
from ..core.files import replacing


def export_onnx(
    model: nn.Module,
    path: str | os.PathLike,
    input_size: Sequence[int],
    inputs: Sequence[tuple[str, Sequence[int]]] = (),
) -> Path:
    """Write `model` for images of `input_size` (channels, height, width), any batch size; returns the path.

    Input `images`, output `scores`; weights are inside the file. With `inputs`, as in `ModelRef.inputs`, the
    inputs are these, named `input_0` and so on, and the outputs have the names that torch gives them.

    Raises:
        MdpError: torch cannot express the model in ONNX, or the file cannot be written.
    """
    named = ["images"] if not inputs else [f"input_{i}" for i in range(len(inputs))]
    kinds = [(getattr(torch, kind), shape) for kind, shape in inputs or (("float32", input_size),)]
    example = tuple(
        torch.randn(2, *shape).to(kind) if kind.is_floating_point else torch.zeros(2, *shape, dtype=kind)
        for kind, shape in kinds
    )
    training = model.training
    model.eval()
    try:
        with _quiet():
            program = torch.onnx.export(
                model,
                example,
                dynamo=True,
                verbose=False,
                input_names=named,
                output_names=None if inputs else ["scores"],
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},) * len(example),
            )
    except Exception as error:  # the exporter raises many kinds; the reason goes to the reader
        raise MdpError(f"This {type(model).__name__} could not be written as ONNX: {_why(error)}.") from error
    finally:
        model.train(training)
    with replacing(path) as temporary:
        program.save(str(temporary), external_data=False)
    return Path(path)


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
