"""A part of a network as ONNX, and as ONNX Runtime runs it inside the network: without reorders at its ends.

On a CPU ONNX Runtime computes convolutions on blocks of 8 or 16 channels ("NCHWc"). It reorders values where
such layers meet others, and nothing between two of them. A part by itself would be reordered at both ends,
which the whole network is not: the sum of the parts would be too much. So the runtime optimises the part
first, the reorders at its ends are taken off, and what is left is timed.
"""

import io
import logging
import os
import tempfile
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..core.errors import Unsupported, first_line
from .onnx_int8 import without_casts_at_ends

if TYPE_CHECKING:
    import onnx
    import onnxruntime
    from torch import Tensor, nn

BLOCKED = "com.microsoft.nchwc"
OPSET = 18


def to_onnx(module: "nn.Module", inputs: "list[Tensor]", opset: int = OPSET) -> bytes:
    """`module` for inputs of exactly these shapes, as the bytes of an ONNX file; weights inside.

    By tracing: tens of milliseconds, where `torch.export` takes seconds, and a table has hundreds of entries.

    Raises:
        Unsupported: torch cannot express the module in ONNX.
    """
    import torch

    file, names = io.BytesIO(), [f"x{i}" for i in range(len(inputs))]
    disabled = logging.root.manager.disable
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            torch.onnx.export(
                module, tuple(inputs), file, dynamo=False, opset_version=opset, input_names=names
            )
    except Exception as error:  # the exporter raises many kinds; the reason goes to the reader
        raise Unsupported(
            f"A {type(module).__name__} cannot be written as ONNX ({first_line(error)}). Time this "
            "network in another runtime: --runtime eager."
        ) from None
    finally:
        logging.disable(disabled)
    return file.getvalue()


def as_in_a_network(data: bytes, options: "onnxruntime.SessionOptions") -> "onnx.ModelProto":
    """The model as ONNX Runtime optimises it, without reorders between its ends and its layers.

    The result is for this processor only, and has to be run as it is (optimisation switched off).
    """
    import onnx
    import onnxruntime

    with tempfile.TemporaryDirectory(prefix="mdp-") as folder:
        options.optimized_model_filepath = os.path.join(folder, "optimised.onnx")
        try:
            onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            model = onnx.load(options.optimized_model_filepath)
        finally:
            options.optimized_model_filepath = ""
    return without_reorders_at_ends(without_casts_at_ends(model), block_size())


def without_reorders_at_ends(model: "onnx.ModelProto", block: int) -> "onnx.ModelProto":
    """The model with inputs and outputs in blocks of `block` channels where its layers have them so.

    Changed in place. An input that some layers read in blocks and others do not stays as it is.
    """
    graph = model.graph
    for given in graph.input:
        readers = [node for node in graph.node if given.name in node.input]
        if readers and all(_is(node, "ReorderInput") for node in readers):
            _pad(given, block)
            for node in readers:
                _rename_input(graph, node.output[0], given.name)
                graph.node.remove(node)
    makers = {name: node for node in graph.node for name in node.output}
    for result in graph.output:
        maker = makers.get(result.name)
        read = any(result.name in node.input for node in graph.node)
        if maker is None or read or not _is(maker, "ReorderOutput"):
            continue
        graph.node.remove(maker)
        _pad(result, block)
        result.name = maker.input[0]
    return model


def _is(node: "onnx.NodeProto", kind: str) -> bool:
    last = any(a.name == "channels_last" and a.i for a in node.attribute)
    return node.domain == BLOCKED and node.op_type == kind and not last


def _rename_input(graph: Any, old: str, new: str) -> None:
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new


def _pad(value: Any, block: int) -> None:
    """Round the channels of a value (batch, channels, ...) up to whole blocks."""
    channels = value.type.tensor_type.shape.dim[1]
    channels.dim_value = -(-channels.dim_value // block) * block


@lru_cache
def block_size() -> int:
    """Channels in a block on this processor, 1 where ONNX Runtime uses none: asked of a tiny convolution."""
    import onnx
    import onnxruntime
    import torch

    layer = torch.nn.Conv2d(16, 4, 1)
    data = to_onnx(layer, [torch.zeros(1, 16, 8, 8)])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory(prefix="mdp-") as folder:
        options.optimized_model_filepath = os.path.join(folder, "optimised.onnx")
        onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        graph = onnx.load(options.optimized_model_filepath).graph
    conv = next((n for n in graph.node if n.op_type == "Conv" and n.domain == BLOCKED), None)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    return int(weights[conv.input[1]].dims[0]) if conv is not None else 1
