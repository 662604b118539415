"""Networks in int8, by the static quantisation that comes with ONNX Runtime, and parts of such networks.

Layers read and write int8 values; where two of them meet nothing is cast. A part alone would be: its input
to int8 and into the order of the runtime's convolutions (channels last), and its result back. Both are taken
off, as reorders are (see onnx_parts). What is not quantised inside a part stays, casts around it included.
"""

import logging
import os
import tempfile
from typing import TYPE_CHECKING, Any

from ..core.errors import Unsupported, first_line

if TYPE_CHECKING:
    import onnx

# From this version of the operators on GELU is one of them, which the quantiser leaves alone as a whole.
OPSET = 20
# A convolution's orders of axes: into channels last, and back.
LAST, FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def quantised(data: bytes) -> bytes:
    """A float32 model as ONNX Runtime quantises it: activations uint8, weights int8 for each channel.

    Ranges are those of one batch of standard normal inputs: times do not depend on them.

    Raises:
        Unsupported: the quantiser cannot do it.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    disabled = logging.root.manager.disable
    try:
        logging.disable(logging.WARNING)
        model = with_values_of_its_own(onnx.load_from_string(data))
        with tempfile.TemporaryDirectory(prefix="mdp-") as folder:
            path = os.path.join(folder, "int8.onnx")
            quantize_static(
                model, path, _one_batch(model), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            )  # fmt: skip
            with open(path, "rb") as file:
                return file.read()
    except Exception as error:  # the quantiser raises many kinds; the reason goes to the reader
        raise Unsupported(
            f"A part cannot be quantised to int8 ({first_line(error)}). Time this network in float32."
        ) from None
    finally:
        logging.disable(disabled)


def with_values_of_its_own(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The model with equal weights written out again, in place.

    The exporter writes them once and hands them on by Identity; the quantiser leaves out a layer whose bias
    comes by that: untrained biases are all zero.
    """
    graph = model.graph
    held = {tensor.name: tensor for tensor in graph.initializer}
    for node in [n for n in graph.node if n.op_type == "Identity" and n.input[0] in held]:
        again = graph.initializer.add()
        again.CopyFrom(held[node.input[0]])
        again.name = node.output[0]
        graph.node.remove(node)
    return model


def _one_batch(model: "onnx.ModelProto") -> Any:
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader

    random = np.random.default_rng(0)
    inputs = {}
    for given in model.graph.input:
        shape = [axis.dim_value for axis in given.type.tensor_type.shape.dim]
        inputs[given.name] = random.standard_normal(shape).astype(np.float32)

    class OneBatch(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = [inputs]

        def get_next(self) -> dict[str, Any] | None:
            return self.left.pop() if self.left else None

    return OneBatch()


def without_casts_at_ends(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The optimised model with int8 inputs and outputs where all its layers have them so; in place."""
    graph = model.graph
    for given in graph.input:
        cast = _only_reader(graph, given.name)
        if cast is None or cast.op_type != "QuantizeLinear":
            continue
        _retype(given, _type_of_zero(graph, cast))
        _drop(graph, cast, cast.output[0], given.name)
        turn = _only_reader(graph, given.name)
        if turn is not None and _turns(turn, LAST):
            _permute(given, LAST)
            _drop(graph, turn, turn.output[0], given.name)
    makers = {name: node for node in graph.node for name in node.output}
    for result in graph.output:
        cast = makers.get(result.name)
        if cast is None or cast.op_type != "DequantizeLinear" or _only_reader(graph, result.name):
            continue
        _retype(result, _type_of_zero(graph, cast))
        graph.node.remove(cast)
        result.name = cast.input[0]
        turn = makers.get(result.name)
        if turn is not None and _turns(turn, FIRST) and not _readers(graph, result.name):
            _permute(result, LAST)  # what goes into the turn is channels last
            graph.node.remove(turn)
            result.name = turn.input[0]
    for node in [n for n in graph.node if _turns(n, FIRST)]:
        _add_channels_last(graph, node)
    return model


def _add_channels_last(graph: Any, turn: Any) -> None:
    """Take away the turn before the sum of a part's last convolution and another input: inside the
    network that comes channels last, too, and so does the sum go on."""
    add = _only_reader(graph, turn.output[0])
    if add is None or add.op_type != "QLinearAdd":
        return
    other = next((g for g in graph.input if g.name in add.input and len(_readers(graph, g.name)) == 1), None)
    result = next((r for r in graph.output if r.name == add.output[0]), None)
    if other is None or result is None or _readers(graph, result.name):
        return
    _permute(other, LAST)
    _permute(result, LAST)
    _drop(graph, turn, turn.output[0], turn.input[0])


def _readers(graph: Any, name: str) -> list[Any]:
    return [node for node in graph.node if name in node.input]


def _only_reader(graph: Any, name: str) -> Any:
    readers = _readers(graph, name)
    return readers[0] if len(readers) == 1 else None


def _turns(node: Any, order: list[int]) -> bool:
    return node.op_type == "Transpose" and any(list(a.ints) == order for a in node.attribute)


def _type_of_zero(graph: Any, cast: Any) -> int:
    """The type that a cast is to or from, which is that of its zero point; uint8 where it says none."""
    zero = cast.input[2] if len(cast.input) > 2 else ""
    return next((t.data_type for t in graph.initializer if t.name == zero), 2)


def _retype(value: Any, kind: int) -> None:
    value.type.tensor_type.elem_type = kind


def _permute(value: Any, order: list[int]) -> None:
    axes = value.type.tensor_type.shape.dim
    sizes = [axis.dim_value for axis in axes]
    for axis, at in zip(axes, order, strict=True):
        axis.dim_value = sizes[at]


def _drop(graph: Any, node: Any, made: str, source: str) -> None:
    """Take a node away: what read its result reads `source`."""
    graph.node.remove(node)
    for other in graph.node:
        for i, name in enumerate(other.input):
            if name == made:
                other.input[i] = source
