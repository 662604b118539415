"""The CUDA Timer: device events around replays of a CUDA graph, over weights that rotate through the cache.

What a layer finds in the L2 cache inside a network, it has to find here. Its *weights* are cold: since it ran
last, the weights of all other layers have passed through the cache. So copies of the module take turns, as
many as make up the network, or overflow the cache if the network does. Its *inputs* are hot, as far as they
fit: the layer before has just written them. So all copies read the same inputs, which are touched before a
reading and stay in the cache from one call to the next (only a copy's weights pass through meanwhile). The
CPU's timer makes the same two choices in its way.

A graph is replayed so that gaps between launches, which a deployed engine or `torch.compile` does not have,
are not counted; a module that cannot be captured is timed eagerly behind a busy-wait that hides its launches.
"""

import contextlib
import copy
import itertools
import math
from collections.abc import Callable, Iterator

from ..networks.segments import Workload
from .device import ResolvedDeployment
from .out_of_memory import OutOfMemory, no_memory, no_room
from .timer import WARM_UP, PreparedWorkload, Reading, build, forward_of, seconds_of

# One replay should last about this long, so that an event's resolution (0.5 µs) does not matter.
REPLAY_MS = 0.5
MOST_CALLS = 100
# Copies of one workload; each is called at least once in a replay.
MOST_COPIES = 64
# Cycles of the busy-wait before a run: about 2 ms at least, for an eager run's launches to queue up, and
# 0.1 ms for one replay's: on an idle device the first event would pass before the launch is there. A large
# network's launches take longer than 2 ms: then as long as they took and half as much again, up to 0.2 s.
WAIT_EAGER, WAIT_GRAPH, WAIT_MOST = 4_000_000, 200_000, 400_000_000
# About the clock of a GPU; a slower one waits longer, which does no harm.
CYCLES_PER_MS = 2e6


class CudaTimer:
    """Times forward passes on the current CUDA device."""

    def __init__(self, deployment: ResolvedDeployment):
        import torch

        self.deployment = deployment
        self.clock = "device events"
        self.torch = torch
        self._short = False  # memory was, at the last try

    def prepare(self, workload: Workload) -> PreparedWorkload:
        if self._short:  # what torch keeps for itself is missing elsewhere (cuBLAS, cuDNN, captured graphs)
            self.torch.cuda.empty_cache()
            self._short = False
        with self._settings(workload.key):
            return self._prepare(workload)

    def _prepare(self, workload: Workload) -> PreparedWorkload:
        torch = self.torch
        module, inputs = build(self.deployment, workload)
        cache = torch.cuda.get_device_properties(torch.cuda.current_device()).L2_cache_size
        more = copies(bytes_of(module), workload.resident_bytes, cache) - 1
        modules = [module, *(copy.deepcopy(module) for _ in range(more))]
        forward = forward_of(self.deployment)
        for _ in range(WARM_UP):
            forward(module, *inputs)

        def turns(calls: int) -> Callable[[], object]:
            def run():
                result = None
                for one in itertools.islice(itertools.cycle(modules), calls):
                    result = forward(one, *inputs)
                return result

            return run

        def refresh():
            for x in inputs:
                x.mul_(1)

        # A first replay says how many calls are long enough: a call by itself is mostly launches.
        calls = len(modules)
        replay, captured, result = self._capture(turns(calls))
        best = self._roughly(replay) / calls
        enough = calls_for(best, len(modules))
        if captured and enough > calls:
            del replay, result  # the first graph's memory is the second one's
            calls = enough
            replay, captured, result = self._capture(turns(calls))
            best = self._roughly(replay) / calls
        # A graph holds addresses, not tensors: what is there has to stay as long as it may be replayed.
        held = {"modules": modules, "inputs": inputs, "result": result}
        wait = WAIT_GRAPH if captured else wait_for(1000 * seconds_of(replay))
        torch.cuda.synchronize()
        return PreparedWorkload(
            workload.key, replay, refresh, best, calls, {"graph": captured, "wait": wait, **held}
        )

    def once(self, prepared: PreparedWorkload) -> Reading:
        torch = self.torch
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        with self._settings(prepared.key):
            prepared.refresh()
            torch.cuda._sleep(prepared.extra["wait"])
            start.record()
            prepared.call()
            end.record()
            end.synchronize()
        return Reading(start.elapsed_time(end) / prepared.calls)

    @contextlib.contextmanager
    def _settings(self, key: str) -> Iterator[None]:
        try:
            with self.torch.inference_mode(), kernels_chosen(), no_memory(key):
                yield
        except OutOfMemory:
            self._short = True
            raise

    def _roughly(self, replay: Callable[[], object]) -> float:
        """Milliseconds of the faster of two replays."""
        return min(1000 * seconds_of(replay, self.torch.cuda.synchronize) for _ in range(2))

    def _capture(self, run: Callable[[], object]) -> tuple[Callable[[], object], bool, object]:
        """A replay of `run` as a CUDA graph and where its result lies; `run` itself where that cannot be."""
        torch = self.torch
        graph = torch.cuda.CUDAGraph()
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                run()
            torch.cuda.current_stream().wait_stream(side)
            with torch.cuda.graph(graph):
                result = run()
            return graph.replay, True, result
        except RuntimeError as error:
            if no_room(error):
                raise
            if no_room(error.__context__):  # ending the capture failed in its turn, and hides it
                raise error.__context__ from None
            torch.cuda.synchronize()
            return run, False, None


@contextlib.contextmanager
def kernels_chosen() -> Iterator[None]:
    """cuDNN chooses kernels by trying them, once per shape, as people do who care for latency.

    Only here: a training in the same process, whose shapes change, is to run as its user has set it.
    """
    from torch.backends import cudnn

    before = cudnn.benchmark
    cudnn.benchmark = True
    try:
        yield
    finally:
        cudnn.benchmark = before


def bytes_of(module) -> int:
    """What a pass reads of a module: its weights, and what its norms remember. Shared ones count once."""
    tensors = {id(t): t for t in itertools.chain(module.parameters(), module.buffers())}
    return sum(t.numel() * t.element_size() for t in tensors.values())


def wait_for(launching: float) -> int:
    """Cycles of the busy-wait that hides launches which took the host so many ms."""
    return int(min(WAIT_MOST, max(WAIT_EAGER, 1.5 * CYCLES_PER_MS * launching)))


def calls_for(ms: float, sets: int) -> int:
    """Calls of `ms` each that make one replay, every one of the `sets` of weights equally often."""
    calls = min(MOST_CALLS, max(1, math.ceil(REPLAY_MS / max(ms, 1e-3))))
    return sets * math.ceil(calls / sets)


def copies(size: float, resident_bytes: float, cache: float) -> int:
    """How many copies of a module of `size` bytes rotate: a network's worth, or enough to overflow the cache.

    Caches replace blocks at random rather than the oldest, so that twice its size is taken. One for a whole
    network (`resident_bytes` is 0), for what overflows the cache by itself, and for what has no weights.
    """
    if size <= 0:
        return 1
    return max(1, min(MOST_COPIES, math.ceil(min(resident_bytes, 2 * cache) / size)))
