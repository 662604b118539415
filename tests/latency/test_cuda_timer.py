"""The CUDA Timer's order of doing things, on a made-up device that writes down what it is asked for.

It is as strict as a real one: a replay reads addresses, so that what was there when the graph was captured
has to be alive; and the switches of the process are looked at in every forward pass.
"""

import contextlib
import gc
import weakref
from types import SimpleNamespace

import pytest
import torch

from mdp.core.progress import Reporter
from mdp.latency import timer_cuda
from mdp.latency.device import ResolvedDeployment
from mdp.latency.measure import Run
from mdp.latency.timer import OutOfMemory
from mdp.latency.timer_cuda import (
    WAIT_EAGER,
    WAIT_GRAPH,
    WAIT_MOST,
    CudaTimer,
    bytes_of,
    calls_for,
    copies,
    wait_for,
)
from mdp.networks.segments import Workload

WHERE = ResolvedDeployment("cuda", "a made-up GPU", "none", 4, "float32", "contiguous", 0, "graph")
LAYER = Workload("linear 8", lambda: torch.nn.Linear(8, 8), ((8,),))


class Graph:
    """What was captured: weak references to everything that the kernels read or write."""

    def __init__(self, log):
        self.log, self.reads = log, []

    def replay(self):
        dead = [name for name, tensor in self.reads if tensor() is None]
        assert not dead, f"a replay reads what is gone: {dead}"
        self.log.append("replay")


class Device:
    """torch.cuda as far as the timer uses it. `log`: what happened; `refuse`: raised in a capture; `caches`:
    bytes of L2 of each device, of which the last one is current."""

    def __init__(self, log, refuse=None, cache=0):
        self.log, self.refuse, self.capturing, self.ms = log, refuse, None, 3.0
        self.caches = [cache]
        self.Stream = lambda: SimpleNamespace(wait_stream=lambda other: log.append("side waits"))
        self.CUDAGraph = lambda: Graph(log)

    def current_device(self):
        return len(self.caches) - 1

    def get_device_properties(self, number):
        return SimpleNamespace(L2_cache_size=self.caches[number])

    def empty_cache(self):
        self.log.append("cache emptied")

    def current_stream(self):
        return SimpleNamespace(wait_stream=lambda other: self.log.append("main waits"))

    def synchronize(self):
        assert not self.capturing, "a synchronisation inside a capture breaks it"
        self.log.append("synchronise")

    @contextlib.contextmanager
    def stream(self, side):
        self.log.append("side begins")
        yield
        self.log.append("side ends")

    @contextlib.contextmanager
    def graph(self, graph):
        self.capturing = graph
        self.log.append("capture begins")
        try:
            yield
            if self.refuse:
                raise self.refuse
        finally:
            self.capturing = None
        self.log.append("capture ends")

    def _sleep(self, cycles):
        self.log.append(("wait", cycles))

    def Event(self, enable_timing):
        return SimpleNamespace(
            record=lambda: self.log.append("event"),
            synchronize=lambda: None,
            elapsed_time=lambda end: self.ms,
        )


@pytest.fixture
def made(monkeypatch):
    def make(refuse=None, cache=0):
        log = []
        device = Device(log, refuse, cache)

        class Layer(torch.nn.Linear):
            def forward(self, x):
                assert torch.backends.cudnn.benchmark, "kernels are not chosen by trying them"
                log.append("forward")
                result = x + 1
                if device.capturing:
                    written = ("a result", weakref.ref(result))
                    # Results in between may be written over within the graph; the last one is there for good.
                    kept = [pair for pair in device.capturing.reads if pair[0] != "a result"]
                    read = [("weights", weakref.ref(self.weight)), ("inputs", weakref.ref(x))]
                    device.capturing.reads = [*kept, *read, written]
                return result

        monkeypatch.setattr(
            timer_cuda, "build", lambda deployment, workload: (Layer(8, 8), [torch.zeros(4, 8)])
        )
        timer = CudaTimer(WHERE)
        timer.torch = SimpleNamespace(cuda=device, inference_mode=torch.inference_mode)
        return timer, log

    return make


SIZE = 4 * (8 * 8 + 8)  # bytes of the layer's weights


def resident_bytes(size, key="linear 8"):
    return Workload(key, LAYER.make, LAYER.inputs, resident_bytes=size)


def test_what_a_graph_reads_lives_as_long_as_it(made):
    timer, _ = made(cache=100 * SIZE)
    first, second = timer.prepare(resident_bytes(3 * SIZE)), timer.prepare(resident_bytes(5 * SIZE))
    gc.collect()  # as the capture of another one does
    assert timer.once(first).ms > 0 and timer.once(second).ms > 0
    reads = [tensor() for name, tensor in first.call.__self__.reads if name == "weights"]
    held = weakref.ref(reads[0])
    assert len({id(weights) for weights in reads}) == 3
    del reads, first
    gc.collect()
    assert held() is None  # and no longer


def test_weights_take_turns_and_inputs_are_those_just_written(made):
    """In a network a layer's weights are cold and its inputs are hot: the layer before has written them."""
    timer, log = made(cache=100 * SIZE)
    prepared = timer.prepare(resident_bytes(4 * SIZE))
    reads = prepared.call.__self__.reads
    order = [id(tensor()) for name, tensor in reads if name == "weights"]
    assert len(set(order)) == 4 and order[:4] * (len(order) // 4) == order
    assert len({id(tensor()) for name, tensor in reads if name == "inputs"}) == 1
    refresh = prepared.refresh
    prepared.refresh = lambda: (log.append("inputs written"), refresh())
    log.clear()
    timer.once(prepared)
    assert log[0] == "inputs written" and log[-2:] == ["replay", "event"]


def test_the_size_of_a_module_is_what_a_pass_reads_of_it():
    norm = torch.nn.BatchNorm1d(8)
    assert bytes_of(norm) == 4 * 4 * 8 + 8  # weight, bias, mean and variance, and the count of batches
    assert bytes_of(torch.nn.ModuleList([norm, norm])) == bytes_of(norm)
    assert copies(0, 1e9, 50e6) == 1  # nothing to rotate


def test_the_cache_is_the_current_devices(made):
    timer, _ = made()
    timer.torch.cuda.caches = [0, 100 * SIZE]
    assert timer.prepare(resident_bytes(7 * SIZE)).calls % 7 == 0


def test_switches_are_as_before_when_nothing_is_measured(made, monkeypatch):
    for value in (False, True):
        monkeypatch.setattr(torch.backends.cudnn, "benchmark", value)
        timer, _ = made()
        prepared = timer.prepare(LAYER)
        assert torch.backends.cudnn.benchmark is value
        timer.once(prepared)
        assert torch.backends.cudnn.benchmark is value
        timer, _ = made(torch.OutOfMemoryError("CUDA out of memory"))
        with pytest.raises(OutOfMemory):
            timer.prepare(LAYER)
        assert torch.backends.cudnn.benchmark is value


def test_the_anchor_is_prepared_the_same_way_whatever_ran_before(made, store, monkeypatch):
    """A layer inside a network rotates weights; the anchor, beside it or a whole network, never does."""
    timer, _ = made(cache=100 * SIZE)
    seen = []
    prepare = timer.prepare

    def watched(workload):
        seen.append((workload.key.split()[0], workload.resident_bytes))
        return prepare(workload)

    monkeypatch.setattr(timer, "prepare", watched)
    for size, key in ((0.0, "whole"), (4.0 * SIZE, "piece")) * 2:
        run = Run(timer, store, {key: resident_bytes(0.0, key)}, Reporter(), 30.0, resident_bytes=size)
        run.measure([key], "measuring")
    assert [size for key, size in seen if key == "anchor"] == [0.0] * 4
    assert [size for key, size in seen if key != "anchor"] == [0.0, 4.0 * SIZE] * 2
    assert vars(timer).get("resident_bytes") is None


def test_a_layer_of_a_small_network_is_another_measurement_than_that_of_a_large_one(made, store):
    timer, _ = made()
    contexts = [
        Run(timer, store, {"linear 8": LAYER}, Reporter(), 1.0, resident_bytes=size).context
        for size in (0.0, 1e7, 5e8)
    ]
    assert len(set(contexts)) == 3


def test_every_entry_is_visited_as_often_as_on_a_cpu(made, store):
    timer, _ = made()
    run = Run(timer, store, {"linear 8": LAYER}, Reporter(), 60.0)
    run.measure_new(run.workloads, "measuring")
    run.visit_again("measuring again")
    assert run.known["linear 8"].visits == 3


def test_after_a_try_without_room_what_torch_keeps_is_given_back(made):
    timer, log = made(
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
    )
    with pytest.raises(OutOfMemory):
        timer.prepare(LAYER)
    timer.torch.cuda.refuse = None
    assert "cache emptied" not in log
    timer.prepare(LAYER)
    assert log.count("cache emptied") == 1
    timer.prepare(LAYER)
    assert log.count("cache emptied") == 1


def test_warmed_up_on_a_side_stream_then_captured_then_replayed(made):
    timer, log = made()
    prepared = timer.prepare(LAYER)
    begin = log.index("capture begins")
    assert log[:begin].count("forward") >= 4 and log.index("side begins") < log.index("main waits") < begin
    assert prepared.extra["graph"] and prepared.calls > 1
    last = len(log) - 1 - log[::-1].index("capture begins")
    assert log[last:].count("forward") == prepared.calls  # captured, then only replayed


def test_the_launch_is_hidden_behind_a_wait_and_the_calls_share_the_time(made):
    timer, log = made()
    prepared = timer.prepare(LAYER)
    log.clear()
    assert timer.once(prepared).ms == pytest.approx(3.0 / prepared.calls)
    assert log == [("wait", WAIT_GRAPH), "event", "replay", "event"]  # the inputs were touched before


def test_copies_take_turns_equally_often(made):
    timer, _ = made(cache=10 * SIZE)
    assert timer.prepare(resident_bytes(7.0 * SIZE)).calls % 7 == 0
    assert calls_for(1.0, 7) == 7 and calls_for(0.1, 3) == 6 and calls_for(1e-6, 64) == 128


def test_what_cannot_be_captured_runs_behind_a_longer_wait(made):
    timer, log = made(RuntimeError("operation not permitted when stream is capturing"))
    prepared = timer.prepare(LAYER)
    assert not prepared.extra["graph"]
    log.clear()
    timer.once(prepared)
    assert log[0] == ("wait", WAIT_EAGER) and log.count("forward") == prepared.calls
    # About 2 ms at 2 GHz; a network whose launches take longer waits for them.
    assert wait_for(1.0) == WAIT_EAGER and wait_for(10.0) > 10 * 2e6 and wait_for(1e9) == WAIT_MOST


def test_no_memory_while_capturing_is_no_reason_to_run_it_otherwise(made):
    short = torch.OutOfMemoryError("CUDA out of memory")
    hidden = RuntimeError("operation failed due to a previous error during capture")
    hidden.__context__ = short
    handle = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
    for refuse in (short, hidden, handle):
        timer, _ = made(refuse)
        with pytest.raises(OutOfMemory, match="choose a smaller batch"):
            timer.prepare(LAYER)
