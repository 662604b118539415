"""The CUDA Timer: device events around replays of a CUDA graph, over copies that rotate through the L2 cache.

A layer called again and again would find its weights in the L2 cache; in a network, the other layers' weights
have passed through it since. So copies of weights and inputs take turns, as many as make up the network, or
overflow the cache if the network does.

A graph is replayed so that gaps between launches, which a deployed engine or `torch.compile` does not have,
are not counted; a module that cannot be captured is timed eagerly behind a busy-wait that hides its launches.
"""

import copy
import math
from collections.abc import Callable

from .device import Deployment
from .pieces import Workload
from .timer import WARM_UP, Prepared, Reading, build, forward_of, no_memory, seconds_of

# One replay should last about this long, so that an event's resolution (0.5 µs) does not matter.
REPLAY_MS = 0.5
MOST_CALLS = 100
# Copies of one workload; each is called at least once in a replay.
MOST_COPIES = 64
# Cycles of the busy-wait before a run: about 2 ms, enough for an eager run's launches to queue up, and
# 0.1 ms, enough for one replay's: on an idle device the first event would pass before the launch is there.
WAIT_EAGER, WAIT_GRAPH = 4_000_000, 200_000


class CudaTimer:
    """Times forward passes on the current CUDA device."""

    def __init__(self, deployment: Deployment):
        import torch

        self.deployment = deployment
        self.clock = "device events"
        self.inside = 0.0
        self.torch = torch
        # Kernels are chosen by trying them, once per shape, as people do who care for latency.
        torch.backends.cudnn.benchmark = True

    def prepare(self, workload: Workload) -> Prepared:
        torch = self.torch
        with torch.inference_mode(), no_memory(workload.key):
            module, inputs = build(self.deployment, workload)
            cache = torch.cuda.get_device_properties(0).L2_cache_size
            size = sum(t.numel() * t.element_size() for t in (*inputs, *module.parameters()))
            sets = [(module, inputs)]
            for _ in range(copies(size, self.inside, cache) - 1):
                sets.append((copy.deepcopy(module), [x.clone() for x in inputs]))
            forward = forward_of(self.deployment)
            for _ in range(WARM_UP):
                forward(module, *inputs)

            def turns(calls: int) -> Callable[[], None]:
                def run():
                    for i in range(calls):
                        one, its = sets[i % len(sets)]
                        forward(one, *its)

                return run

            # A first replay says how many calls are long enough: a call by itself is mostly launches.
            calls = len(sets)
            replay, captured = self._capture(turns(calls))
            best = min(1000 * seconds_of(replay, torch.cuda.synchronize) for _ in range(2)) / calls
            more = calls_for(best, len(sets))
            if captured and more > calls:
                calls = more
                replay, captured = self._capture(turns(calls))
                best = min(1000 * seconds_of(replay, torch.cuda.synchronize) for _ in range(2)) / calls
        return Prepared(workload.key, replay, lambda: None, best, calls, {"graph": captured})

    def once(self, prepared: Prepared) -> Reading:
        torch = self.torch
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        with torch.inference_mode(), no_memory(prepared.key):
            torch.cuda._sleep(WAIT_GRAPH if prepared.extra["graph"] else WAIT_EAGER)
            start.record()
            prepared.call()
            end.record()
            end.synchronize()
        return Reading(start.elapsed_time(end) / prepared.calls)

    def _capture(self, run: Callable[[], None]) -> tuple[Callable[[], None], bool]:
        """A replay of `run` as a CUDA graph, or `run` itself where it cannot be captured."""
        torch = self.torch
        graph = torch.cuda.CUDAGraph()
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                run()
            torch.cuda.current_stream().wait_stream(side)
            with torch.cuda.graph(graph):
                run()
            return graph.replay, True
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            torch.cuda.synchronize()
            return run, False


def calls_for(ms: float, sets: int) -> int:
    """Calls of `ms` each that make one replay, every one of the `sets` of inputs equally often."""
    calls = min(MOST_CALLS, max(1, math.ceil(REPLAY_MS / max(ms, 1e-3))))
    return sets * math.ceil(calls / sets)


def copies(size: float, inside: float, cache: float) -> int:
    """How many copies of `size` bytes to rotate: a network's worth, or as many as overflow the cache well.

    Caches replace blocks at random rather than the oldest, so that twice its size is taken. One for a whole
    network (`inside` is 0), and for what overflows the cache by itself.
    """
    return max(1, min(MOST_COPIES, math.ceil(min(inside, 2 * cache) / max(size, 1))))
