import dataclasses
import functools
import time

import pytest

import mdp
from mdp.core.errors import MdpError, Unsupported
from mdp.latency.device import _try_compile, deployment
from mdp.latency.timer import OutOfMemory, Reading, measure_together, timer_for, undisturbed
from mdp.networks.segments import Workload


def linear(width=64, rows=32):
    def make():
        from torch import nn

        return nn.Linear(width, width)

    return Workload(f"linear {width}", make, ((rows, width),), float(rows * width * width))


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"batch": 0}, "batch"),
        ({"batch": -3}, "batch"),
        ({"device": "toaster"}, "toaster"),
        ({"dtype": "int3"}, "int3"),
        ({"memory_format": "diagonal"}, "diagonal"),
        ({"device": "cpu", "threads": 0}, "threads"),
        ({"device": "cpu", "threads": 10**6}, "threads"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(asked, said):
    with pytest.raises(MdpError, match=said):
        deployment(**asked)


def test_a_gpu_that_is_not_there(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Unsupported, match="no GPU"):
        deployment("cuda")


def test_a_dtype_that_the_device_cannot_do(monkeypatch):
    import torch

    def refuse(*args, **kwargs):
        raise RuntimeError("not implemented for 'Half'\nmore")

    monkeypatch.setattr(torch.nn.functional, "conv2d", refuse)
    with pytest.raises(Unsupported, match="cannot run float16"):
        deployment("cpu", dtype="float16")


def test_the_cpu_timer_times():
    timer = timer_for(deployment("cpu", batch=2, threads=1))
    prepared = timer.prepare(linear())
    reading = timer.once(prepared)
    assert 0 < reading.ms < 1000 and prepared.calls >= 1


def test_cpu_time_of_one_thread_is_wall_time_when_nothing_disturbs():
    timer = timer_for(deployment("cpu", batch=8, threads=1))
    prepared = timer.prepare(linear(512, 128))
    ratios = []
    for _ in range(5000):  # on a busy machine some readings are still undisturbed; one is enough
        if ratios and max(ratios) > 0.6:
            break
        start = time.perf_counter()
        reading = timer.once(prepared)
        wall = 1000 * (time.perf_counter() - start) / prepared.calls
        if not reading.disturbed:
            ratios.append(reading.ms / wall)
    if not ratios:
        pytest.skip("this machine disturbed every one of 5,000 readings")
    # The wall time measured here holds the refreshing of the inputs too.
    assert 0.6 < max(ratios) <= 1.01


def test_a_gpu_rotates_a_networks_worth_of_weights_or_a_cache_full():
    from mdp.latency.timer_cuda import copies

    assert copies(1e6, 0.0, 50e6) == 1  # a whole network
    assert copies(1e6, 10e6, 50e6) == 10  # a network that stays in the cache
    assert copies(2e6, 300e6, 50e6) == 50  # one that does not: twice the cache
    assert copies(120e6, 300e6, 50e6) == 1 and copies(10.0, 300e6, 50e6) == 64


def test_no_memory_is_an_error_of_its_own():
    timer = timer_for(deployment("cpu", batch=1, threads=1))
    with pytest.raises(OutOfMemory, match="smaller batch"):
        timer.prepare(linear(64, 10**12))

    def make():
        raise RuntimeError("CUDA out of memory. Tried to allocate")

    with pytest.raises(OutOfMemory):
        timer.prepare(Workload("x", make, ((1, 1),)))


def test_disturbed_readings_are_left_out_unless_hardly_any_are_clean():
    clean, busy = [Reading(1.0)] * 3, [Reading(9.0, True)] * 3
    assert undisturbed([*clean, *busy]) == [0, 1, 2]
    assert undisturbed([Reading(5.0, True), Reading(2.0, True), Reading(9.0, True), Reading(1.0, True)]) == [
        3,
        1,
    ]


def test_readings_are_taken_in_turns_with_the_anchor_around_them():
    order = []

    class Clock:
        def once(self, item):
            order.append(item.key)
            return Reading(float(len(order)))

    def item(key):
        return type("P", (), {"key": key, "calls": 1, "first_ms": 1.0})()

    readings = measure_together(Clock(), item("anchor"), [item("a"), item("b")], 2)
    assert order[0] == order[-1] == "anchor"
    # The first one follows the last one, untimed, not the anchor.
    assert order[:4] == ["anchor", "b", "a", "b"]
    assert [len(r) for r in readings] == [2, 2]
    assert all(anchor >= 1 for r in readings for _, anchor in r)


def test_compiled_workloads_do_not_meet_in_one_cache(monkeypatch):
    """torch.compile gives up after eight variants of one function: here are more, each compiled once."""
    import torch

    where = dataclasses.replace(deployment("cpu", threads=1), launch="compiled")
    made = []

    def backend(graph, inputs):
        made.append(graph)
        return graph.forward

    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend))
    timer = timer_for(where)
    prepared = [timer.prepare(linear(width, rows=4)) for width in range(8, 20)]
    assert len(made) == 12
    assert all(timer.once(p).ms > 0 for p in prepared) and len(made) == 12


def test_compiled_where_it_cannot_be_is_a_sentence(monkeypatch):
    import torch

    def refuse(*args, **kwargs):
        raise RuntimeError("no C++ compiler was found\nmore")

    monkeypatch.setattr(torch, "compile", refuse)
    _try_compile.cache_clear()
    with pytest.raises(Unsupported, match=r"no C\+\+ compiler was found.*choose --runtime eager"):
        deployment("cpu", compiled=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"device": "gpu"}, 'Write "cuda" for an NVIDIA GPU, "mps" for an Apple one'),
        ({"device": "metal"}, "Did you mean 'mps'"),
        ({"device": "tpu"}, "Choose cpu, cuda, mps or auto"),
        ({"batch_size": 0}, "whole number of at least 1, not 0"),
        ({"dtype": "float64"}, "'float64' is not one of float32"),
        ({"memory_format": "nhwc"}, "is not one of contiguous, channels_last, auto"),
        ({"runtime": "tensorrt"}, "Choose one of eager, compiled"),
        ({"threads": 0}, "threads must be a whole number"),
    ],
)
def test_a_deployment_that_there_is_not_is_refused_where_it_is_written(given, said):
    with pytest.raises(MdpError, match=said):
        mdp.Deployment(**given)


def test_deployments_that_there_are():
    for device in ("cuda", "CUDA:1", "mps", "Auto"):
        assert mdp.Deployment(device, dtype="bf16", runtime="OpenVINO").device == device
