"""Tables of a network in int8: what is quantised, and that parts are timed as they run inside the whole."""

import dataclasses

import pytest
import torch

from mdp.core.deployment import Deployment
from mdp.core.errors import MdpError, Unsupported
from mdp.latency.device import deployment
from mdp.latency.onnx_int8 import OPSET, quantised
from mdp.latency.onnx_parts import as_in_a_network, to_onnx
from mdp.latency.timer_onnxruntime import OnnxRuntimeTimer, session_options
from mdp.networks.segments import Workload


def parts_of(module, *shapes):
    data = quantised(to_onnx(module.eval(), [torch.zeros(shape) for shape in shapes], OPSET))
    return as_in_a_network(data, session_options(1)).graph


def test_between_two_quantised_layers_nothing_is_cast_or_turned():
    graph = parts_of(
        torch.nn.Sequential(torch.nn.Conv2d(32, 20, 3, padding=1), torch.nn.ReLU()), (2, 32, 8, 6)
    )
    assert [node.op_type for node in graph.node] == ["QLinearConv"]
    given, result = graph.input[0].type.tensor_type, graph.output[0].type.tensor_type
    assert given.elem_type == result.elem_type == 2  # uint8
    assert [axis.dim_value for axis in given.shape.dim] == [2, 8, 6, 32]
    assert [axis.dim_value for axis in result.shape.dim] == [2, 8, 6, 20]


def test_layers_of_equal_biases_are_quantised_all():
    layers = [torch.nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)]
    for layer in layers:
        torch.nn.init.zeros_(layer.bias)
    graph = parts_of(torch.nn.Sequential(*layers), (1, 8, 6, 6))
    assert [node.op_type for node in graph.node] == ["QLinearConv"] * 3


class Residual(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x, y):
        return torch.relu(self.conv(x) + y)


def test_a_sum_stays_channels_last():
    graph = parts_of(Residual(), (2, 8, 6, 4), (2, 8, 6, 4))
    assert [node.op_type for node in graph.node] == ["QLinearConv", "QLinearAdd"]
    sizes = [[a.dim_value for a in v.type.tensor_type.shape.dim] for v in (*graph.input, *graph.output)]
    assert sizes == [[2, 6, 4, 8]] * 3


class Normed(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = (
            torch.nn.LayerNorm(16),
            torch.nn.Linear(16, 32),
            torch.nn.Linear(32, 16),
        )

    def forward(self, x):
        return x + self.down(torch.nn.functional.gelu(self.up(self.norm(x))))


def test_what_is_not_quantised_keeps_the_casts_around_it():
    graph = parts_of(Normed(), (2, 5, 16))
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("QLinearMatMul") == 2 and "Gelu" in kinds and "LayerNormalization" in kinds
    assert graph.output[0].type.tensor_type.elem_type == 2  # the residual goes on in int8


def test_precision_is_part_of_the_identity_and_other_runtimes_say_no():
    where = deployment("cpu", threads=1, dtype="int8", runtime="onnxruntime")
    assert where.dtype == "int8" and "static quantisation" in where.software
    plain = deployment("cpu", threads=1, runtime="onnxruntime")
    assert "quantisation" not in plain.software and plain != where
    assert deployment("cpu", threads=1, dtype="bf16").dtype == "bfloat16"
    for runtime in ("eager", "compiled", "openvino"):
        with pytest.raises(Unsupported, match=r"int8|not installed"):
            deployment("cpu", dtype="int8", runtime=runtime)
    with pytest.raises(MdpError, match="not one of"):
        deployment("cpu", dtype="int4")
    assert dataclasses.replace(Deployment(), dtype="int8").dtype == "int8"


def test_parts_and_whole_networks_run_in_int8():
    timer = OnnxRuntimeTimer(deployment("cpu", 2, dtype="int8", threads=1, runtime="onnxruntime"))

    def make():
        return torch.nn.Sequential(torch.nn.Conv2d(8, 8, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3))

    for part in (0.0, 1.0):
        assert timer.once(timer.prepare(Workload(f"{part}", make, ((8, 8, 8),), resident_bytes=part))).ms > 0


def test_what_cannot_be_quantised_is_a_sentence():
    with pytest.raises(Unsupported, match=r"cannot be quantised.*float32"):
        quantised(to_onnx(torch.nn.Identity(), [torch.zeros(2, 3)])[:20])
