"""A part of a network as OpenVINO runs it inside the network: without reorders of large values at its ends.

On a CPU OpenVINO computes convolutions on blocks of channels and reorders values where such layers meet its
inputs and outputs. A part by itself would be reordered at both ends, which takes longer than many a layer,
and which the whole network is not. OpenVINO reorders whatever a caller hands it, so the caller hands over
something small: a 1x1 convolution makes the part's input of one channel, in blocks already, and a pool of
stride (height, width) leaves one value per channel of its result. The same frame without the part is timed
beside it and taken off.

Such a pool stands behind the part's input, too. Where a 1x1 convolution of stride 2 is its only reader,
OpenVINO would let the frame's convolution make a quarter of it; in a network others read it as well.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


def reordered_ends(compiled: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(inputs, outputs) of a compiled model that are reordered, by their place."""
    graph = compiled.get_runtime_model()
    ins = tuple(
        i for i, given in enumerate(graph.inputs)
        if _all_reorders([t.get_node() for t in given.get_target_inputs()])
    )  # fmt: skip
    outs = tuple(
        i for i, result in enumerate(graph.outputs)
        if _all_reorders([result.get_node().input_value(0).get_node()])
    )  # fmt: skip
    return ins, outs


def _all_reorders(nodes: Sequence[Any]) -> bool:
    return bool(nodes) and all(str(_kind(node)) == "Reorder" for node in nodes)


def _kind(node: Any) -> str:
    kind = node.get_rt_info()["layerType"]
    return kind.astype(str) if hasattr(kind, "astype") else str(kind)


def framed(model: Any, ins: Sequence[int], outs: Sequence[int]) -> Any:
    """The model with a small input in place of each of `ins`, and a small output of each of `outs`.

    Those that are not images (batch, channels, height, width) stay as they are.
    """
    import openvino

    parameters, results = list(model.get_parameters()), list(model.get_results())
    for i in ins:
        old = parameters[i]
        shape = tuple(old.get_output_shape(0))
        if len(shape) == 4:
            parameters[i], value = _small_input(shape)
            for target in old.output(0).get_target_inputs():
                target.replace_source_output(value)
            results.append(_small_output(value))
    for i in outs:
        value = results[i].input_value(0)
        if len(value.get_shape()) == 4:
            results[i] = _small_output(value)
    return openvino.Model(results, parameters, "part")


def frame(shapes: Sequence[tuple[int, ...]]) -> Any:
    """The frame of inputs of these shapes, with nothing in it."""
    import openvino

    made = [_small_input(shape) for shape in shapes]
    return openvino.Model([_small_output(value) for _, value in made], [given for given, _ in made], "frame")


def _small_input(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """(parameter, value of this shape), by a convolution of one channel."""
    from openvino import opset13 as op

    batch, channels, height, width = shape
    given = op.parameter([batch, 1, height, width], np.float32)
    weights = op.constant(np.random.default_rng(0).standard_normal((channels, 1, 1, 1)).astype(np.float32))
    return given, op.convolution(given, weights, [1, 1], [0, 0], [0, 0], [1, 1]).output(0)


def _small_output(value: Any) -> Any:
    from openvino import opset13 as op

    _, _, height, width = value.get_shape()
    if height * width > 1:
        value = op.max_pool(value, [height, width], [1, 1], [0, 0], [0, 0], [1, 1]).output(0)
    return op.result(value)
