"""Tables are timed in the runtime that will serve the network."""

import dataclasses

import numpy as np
import pytest

from mdp.core.deployment import launched_by
from mdp.core.errors import MdpError, Unsupported
from mdp.core.problem import Problem
from mdp.core.study import Scores, build_study
from mdp.core.terms import Dim, Term
from mdp.latency import profile, runtimes, verify
from mdp.latency.device import deployment
from mdp.latency.verification import deployment_of, same_device
from mdp.latency.whole_networks import (
    CALL,
    DRAWN,
    Correction,
    correction_of,
    even_networks,
    fit,
    networks_to_learn,
)

from .conftest import WHERE, FakeTimer, linear_key

ORT = dataclasses.replace(WHERE, launch="onnxruntime")


def test_the_runtime_is_part_of_the_identity_and_old_tables_keep_theirs(monkeypatch):
    monkeypatch.setattr("mdp.latency.device._try_compile", lambda kind: None)  # seconds of a C++ compiler
    eager, compiled = deployment("cpu", threads=1), deployment("cpu", threads=1, compiled=True)
    ort = deployment("auto", threads=1, runtime="onnxruntime")
    assert (eager.launch, compiled.launch, ort.launch) == ("eager", "compiled", "onnxruntime")
    assert (eager.runtime, compiled.runtime, ort.runtime) == ("eager", "compiled", "onnxruntime")
    assert "onnxruntime 1" in ort.software and "graph optimisation all" in ort.software
    assert set(eager.to_json()) == {
        "kind", "device", "software", "batch", "dtype", "memory_format", "threads", "launch"
    }  # fmt: skip
    assert launched_by("graph") == "eager" and launched_by("compiled graph") == "compiled"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"runtime": "tensorrt"}, "unknown"),
        ({"runtime": "onnxruntime", "compiled": True}, "Say one"),
        ({"runtime": "onnxruntime", "dtype": "bfloat16"}, "float32 and int8 only"),
        ({"runtime": "onnxruntime", "memory_format": "channels_last"}, "leave out"),
    ],
)
def test_what_a_runtime_cannot_do_is_said_in_words(asked, words):
    with pytest.raises(MdpError, match=words):
        deployment("cpu", **asked)


def test_a_runtime_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(runtimes, "version", lambda package: None)
    with pytest.raises(Unsupported, match=r"OpenVINO is not installed.*pip install"):
        deployment("cpu", runtime="openvino")


class Whole(FakeTimer):
    """A runtime in which the whole takes 0.9 times its parts, less 2 us for each."""

    def __init__(self, found):
        super().__init__(lambda key: self._whole[key] if key.startswith("network") else linear_key(key), ORT)
        self._whole = {}
        from mdp.latency.whole_networks import gone_dims, whole_network

        assert gone_dims(found, []) == set()
        for choices, removed in networks_to_learn(found):
            parts = [
                linear_key(s.at(*(choices[d] for d in s.dims)).key)
                for s in found.segments
                if s.block not in removed
            ]
            key = whole_network(found, choices, removed).key
            self._whole[key] = 0.9 * sum(parts) - 0.002 * len(parts)


def test_what_the_sum_of_the_parts_misses_of_the_whole_is_learned_and_said(found, store):
    tables = profile(found, store=store, timer=Whole(found))
    told = correction_of(tables.provenance)
    assert told.scale == pytest.approx(0.9, rel=1e-3) and told.part_ms == pytest.approx(0.002, rel=1e-2)
    assert told.after < 1e-3 < told.before
    part = 0.9 * linear_key("linear 128>128") - 0.002
    assert tables.terms[0].values[-1, -1] == pytest.approx(part, rel=1e-3)
    assert "whole_networks" not in profile(found, store=store, timer=FakeTimer(linear_key)).provenance


def test_a_fit_that_makes_no_sense_is_a_scale_alone():
    told = fit(np.array([1.0, 2.0, 4.0]), np.array([5.0, 5.0, 5.0]), np.array([2.0, 3.0, 5.0]))
    assert told.part_ms == 0 and 0.5 <= told.scale <= 2
    assert correction_of({})(np.array([1.0])) == 1.0
    assert (Correction(1.0, 5.0, 3, 0, 0)(np.array([1.0])) > 0).all()


def test_onnx_runtime_for_real_and_verify_follows_the_tables(store):
    import mdp
    from mdp.families import find
    from mdp.networks.models import create, resolve

    ref = resolve("test_vit", "none", input_size=(3, 32, 32), classes=4, arguments={"depth": 2})
    few = dict.fromkeys(("embedding", "heads", "qk", "v", "mlp"), 1000)
    found = find(create(ref, load_weights=False), ref, width_step=few)
    tables = profile(found, device="cpu", threads=1, runtime="onnxruntime", seconds=0.1, store=store)
    p = tables.provenance
    assert p["launch"] == "onnxruntime" and p["memory_format"] == "contiguous" and p["failed"] == 0
    assert p["whole_networks"]["networks"] >= 2
    scores = Scores(
        {d.name: np.arange(d.units) for d in found.space.dims},
        tuple((d.name, None, d.name, np.ones(d.units)) for d in found.space.dims),
        {},
    )
    study = build_study("tiny", ref, found.space, tables, scores)
    where = deployment_of(study)
    assert where.runtime == "onnxruntime" and same_device(study, where)
    told = verify(study, found, subnetworks=1, seconds=0.1, store=store)
    assert told["same_device"] and told["subnetworks"] == 1
    assert mdp.Deployment(runtime="onnxruntime").runtime == "onnxruntime"
    for runtime in ("eager", None, "compiled"):  # as --compiled was understood before
        assert runtimes.chosen(runtime, compiled=True) == "compiled"


def test_between_two_layers_in_blocks_nothing_is_reordered():
    import torch

    from mdp.latency.onnx_parts import as_in_a_network, block_size, to_onnx
    from mdp.latency.timer_onnxruntime import session_options

    if block_size() == 1:
        pytest.skip("ONNX Runtime uses no blocks of channels on this processor")
    layer = torch.nn.Sequential(torch.nn.Conv2d(32, 20, 3, padding=1), torch.nn.ReLU()).eval()
    model = as_in_a_network(to_onnx(layer, [torch.zeros(2, 32, 8, 8)]), session_options(1))
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    padded = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    assert padded == -(-20 // block_size()) * block_size()


def test_networks_to_learn_from_are_even_and_random_ones_and_none_that_verify_draws(found):
    from mdp.latency.verification import sample

    learned = networks_to_learn(found)
    assert learned[: len(even_networks(found))] == even_networks(found)
    assert len(learned) == len(even_networks(found)) + DRAWN
    assert learned == networks_to_learn(found)
    dims = tuple(Dim(d.name, d.units, d.options) for d in found.space.dims)
    terms = tuple(
        Term(s.name, s.block, s.dims, np.ones([len(dims[0].options)] * len(s.dims))) for s in found.segments
    )
    problem = Problem("toy", "ms", dims, found.space.blocks, terms, ())
    verified = [(dict(n.choices), n.removed) for n in sample(problem, 30, 1)]
    assert len([network for network in learned if network in verified]) <= 2  # dense and smallest


def test_one_network_that_was_read_at_a_bad_moment_decides_nothing():
    sums = np.array([1.0, 2.0, 4.0, 8.0, 12.0, 16.0])
    wholes = 0.9 * sums - 0.01 * 5
    wholes[2] *= 3
    told = fit(sums, np.full(6, 5.0), wholes)
    assert told.scale == pytest.approx(0.9, rel=0.02) and told.part_ms == pytest.approx(0.01, rel=0.2)


def test_a_network_pays_for_being_called_once_and_its_parts_do_not(found, store):
    class Called(Whole):
        def __init__(self, found):
            super().__init__(found)
            self._whole = {key: ms + 0.05 for key, ms in self._whole.items()}

        def call_ms(self):
            return 0.05

    tables = profile(found, store=store, timer=Called(found))
    told = correction_of(tables.provenance)
    assert told.call_ms == 0.05 and told.scale == pytest.approx(0.9, rel=1e-3)
    assert tables.terms[-1].name == CALL and float(tables.terms[-1].values) == 0.05
    dense = sum(float(term.values.flat[-1]) for term in tables.terms)
    assert dense == pytest.approx(max(Called(found)._whole.values()), rel=1e-3)


def test_onnx_runtime_counts_the_call_of_a_whole_network_alone():
    import torch

    from mdp.latency.timer_onnxruntime import OnnxRuntimeTimer
    from mdp.networks.segments import Workload

    timer = OnnxRuntimeTimer(deployment("cpu", 1, threads=1, runtime="onnxruntime"))
    part = timer.prepare(Workload("part", lambda: torch.nn.ReLU(), ((4,),), resident_bytes=1.0))
    whole = timer.prepare(Workload("whole", lambda: torch.nn.ReLU(), ((4,),)))
    assert timer.call_ms() > 0
    assert (
        sorted(timer.once(part).ms for _ in range(9))[4] < sorted(timer.once(whole).ms for _ in range(9))[4]
    )
