"""Parts in a frame: OpenVINO reorders small values only (skipped where it is not installed)."""

import pytest
import torch

from mdp.latency.device import deployment
from mdp.latency.kept_models import KeptModels
from mdp.latency.onnx_parts import to_onnx
from mdp.networks.segments import Workload


def test_models_are_kept_while_there_is_room(monkeypatch):
    monkeypatch.setattr("mdp.latency.kept_models.KEPT", 5)
    kept = KeptModels()
    assert kept.put("a", b"1234") == b"1234" and kept.put("b", b"5678") == b"5678"
    assert kept.get("a") == b"1234" and kept.get("b") is None


def test_what_a_caller_hands_over_is_small():
    openvino = pytest.importorskip("openvino")
    from mdp.latency.openvino_parts import frame, framed, reordered_ends

    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    data = to_onnx(torch.nn.Conv2d(32, 64, 3, padding=1), [torch.zeros(1, 32, 14, 14)])
    model = openvino.Core().read_model(data, b"")
    ins, outs = reordered_ends(openvino.Core().compile_model(model, "CPU", settings))
    small = framed(model, ins, outs)
    if ins:
        assert tuple(small.inputs[0].get_shape()) == (1, 1, 14, 14)
    if outs:
        assert tuple(small.outputs[0].get_shape()) == (1, 64, 1, 1)
    alone = frame([(1, 32, 14, 14)])
    assert tuple(alone.outputs[0].get_shape()) == (1, 32, 1, 1)
    for made in (small, alone):
        openvino.Core().compile_model(made, "CPU", settings).create_infer_request().infer()


def test_a_part_takes_less_than_in_a_plain_call():
    pytest.importorskip("openvino")
    from mdp.latency.timer_openvino import OpenVinoTimer

    timer = OpenVinoTimer(deployment("cpu", 1, threads=1, runtime="openvino"))
    part = Workload("part", lambda: torch.nn.Conv2d(8, 8, 1), ((8, 8, 8),), resident_bytes=1.0)
    whole = Workload("whole", lambda: torch.nn.Conv2d(8, 8, 1), ((8, 8, 8),))
    for workload in (part, whole):
        assert timer.once(timer.prepare(workload)).ms > 0


def test_a_stride_does_not_move_into_the_frame():
    openvino = pytest.importorskip("openvino")
    from mdp.latency.openvino_parts import framed

    data = to_onnx(torch.nn.Conv2d(32, 64, 1, stride=2), [torch.zeros(1, 32, 14, 14)])
    model = framed(openvino.Core().read_model(data, b""), (0,), (0,))
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shapes = [tuple(node.get_output_shape(0)) for node in compiled.get_runtime_model().get_ops()]
    assert (1, 32, 14, 14) in shapes and (1, 64, 7, 7) in shapes
