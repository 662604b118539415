"""The CUDA Timer's order of doing things, on a made-up device that writes down what it is asked for."""

import contextlib
from types import SimpleNamespace

import pytest
import torch

from mdp.latency import timer_cuda
from mdp.latency.device import Deployment
from mdp.latency.pieces import Workload
from mdp.latency.timer import OutOfMemory
from mdp.latency.timer_cuda import WAIT_EAGER, WAIT_GRAPH, CudaTimer, calls_for

WHERE = Deployment("cuda", "a made-up GPU", "none", 4, "float32", "contiguous", 0, "graph")
LAYER = Workload("linear 8", lambda: torch.nn.Linear(8, 8), ((8,),))


class Device:
    """torch.cuda as far as the timer uses it. `log`: what happened; `refuse`: raised in a capture."""

    def __init__(self, log, refuse=None, cache=0):
        self.log, self.refuse, self.capturing = log, refuse, False
        self.Stream = lambda: SimpleNamespace(wait_stream=lambda other: log.append("side waits"))
        self.CUDAGraph = lambda: SimpleNamespace(replay=lambda: log.append("replay"))
        self.get_device_properties = lambda i: SimpleNamespace(L2_cache_size=cache)

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
        self.capturing = True
        self.log.append("capture begins")
        try:
            yield
            if self.refuse:
                raise self.refuse
        finally:
            self.capturing = False
        self.log.append("capture ends")

    def _sleep(self, cycles):
        self.log.append(("wait", cycles))

    def Event(self, enable_timing):
        return SimpleNamespace(
            record=lambda: self.log.append("event"), synchronize=lambda: None, elapsed_time=lambda end: 3.0
        )


@pytest.fixture
def made(monkeypatch):
    def make(refuse=None, cache=0, inside=0.0):
        log = []

        class Layer(torch.nn.Linear):
            def forward(self, x):
                log.append("forward")
                return x

        built = Layer(8, 8), [torch.zeros(4, 8)]
        monkeypatch.setattr(timer_cuda, "build", lambda deployment, workload: built)
        timer = CudaTimer(WHERE)
        timer.inside = inside
        timer.torch = SimpleNamespace(
            cuda=Device(log, refuse, cache),
            inference_mode=torch.inference_mode,
            OutOfMemoryError=torch.OutOfMemoryError,
        )
        return timer, log

    return make


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
    assert log == [("wait", WAIT_GRAPH), "event", "replay", "event"]


def test_copies_take_turns_equally_often(made):
    size = 4 * (4 * 8 + 8 * 8 + 8)
    timer, _ = made(cache=10 * size, inside=7.0 * size)
    assert timer.prepare(LAYER).calls % 7 == 0
    assert calls_for(1.0, 7) == 7 and calls_for(0.1, 3) == 6 and calls_for(1e-6, 64) == 128


def test_what_cannot_be_captured_runs_behind_a_longer_wait(made):
    timer, log = made(RuntimeError("operation not permitted when stream is capturing"))
    prepared = timer.prepare(LAYER)
    assert not prepared.extra["graph"]
    log.clear()
    timer.once(prepared)
    assert log[0] == ("wait", WAIT_EAGER) and log.count("forward") == prepared.calls


def test_no_memory_while_capturing_is_no_reason_to_run_it_otherwise(made):
    timer, _ = made(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(OutOfMemory, match="choose a smaller batch"):
        timer.prepare(LAYER)
