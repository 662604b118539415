"""Memory that is short, in the words of torch and the libraries below it, and a second try for everybody."""

import gc

import pytest
import torch

from mdp.core.progress import Reporter
from mdp.latency import profile
from mdp.latency.measure import Run
from mdp.latency.out_of_memory import OutOfMemory, no_memory, no_room
from mdp.networks.segments import Workload

from .conftest import FakeTimer, linear_key

ALWAYS = [
    "CUDA out of memory. Tried to allocate 2.00 GiB",
    "CUDA error: out of memory",
    "MPS backend out of memory (MPS allocated: 1 GB)",
    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
    "DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "CUFFT_ALLOC_FAILED",
    "std::bad_alloc",
]
IF_SHORT = [
    "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed in a non-contiguous input.",
    "GET was unable to find an engine to execute this computation",
    "FIND was unable to find an engine to execute this computation",
    "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
]
NEVER = ["mat1 and mat2 shapes cannot be multiplied", "CUDA error: device-side assert triggered", ""]


@pytest.mark.parametrize("words", ALWAYS)
def test_no_room_in_every_way_to_say_it(words):
    with pytest.raises(OutOfMemory, match=r"a layer does not fit.*smaller batch"), no_memory("a layer"):
        raise RuntimeError(words)
    assert not no_room(ValueError(words))


@pytest.mark.parametrize("words", IF_SHORT)
def test_what_may_mean_it_means_it_where_memory_is_short(words, monkeypatch):
    for free, expected in ((2, True), (60, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free * 2**30, 80 * 2**30))
        assert no_room(RuntimeError(words)) == expected
    monkeypatch.undo()
    assert not no_room(RuntimeError(words)) or torch.cuda.is_available()  # nobody to ask


@pytest.mark.parametrize("words", NEVER)
def test_other_errors_stay_what_they_are(words, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1, 80 * 2**30))
    with pytest.raises(RuntimeError), no_memory("a layer"):
        raise RuntimeError(words)
    assert no_room(MemoryError()) and no_room(torch.OutOfMemoryError(words))


@pytest.mark.parametrize("first", [1, 3, 8])
def test_the_first_of_a_group_gets_a_second_try_as_well(store, first):
    """What an earlier group, or the failed try itself, has left behind may be all that was in the way."""

    collected = []

    def note(phase, info):
        collected.append(phase)

    gc.callbacks.append(note)
    try:

        class Small(FakeTimer):
            tries = 0

            def prepare(self, workload):
                if workload.key.startswith("linear"):
                    Small.tries += 1
                    if Small.tries == 1:
                        collected.clear()
                        raise OutOfMemory("something was left behind")
                    if Small.tries == 2:
                        assert collected  # everything that could be let go was let go
                return super().prepare(workload)

        keys = [f"linear {width}>8" for width in range(8, 8 * first + 1, 8)]
        workloads = {key: Workload(key, lambda: None, ((8,),), 64.0) for key in keys}
        run = Run(Small(linear_key), store, workloads, Reporter(), 60.0)
        run.measure(keys, "measuring")
    finally:
        gc.callbacks.remove(note)
    assert [run.known[key].failure for key in keys] == [""] * first


def test_a_single_one_that_found_no_room_while_it_was_read_is_tried_once_more(store):
    class Once(FakeTimer):
        failed = 0

        def once(self, prepared):
            if prepared.key == "linear 8>8" and not self.failed:
                self.failed += 1
                raise OutOfMemory("somebody else had it")
            return super().once(prepared)

    run = Run(
        Once(linear_key), store, {"linear 8>8": Workload("linear 8>8", None, ((8,),))}, Reporter(), 60.0
    )
    run.measure(["linear 8>8"], "measuring")
    assert run.known["linear 8>8"].failure == ""

    class Never(FakeTimer):
        def once(self, prepared):
            if prepared.key == "linear 9>9":
                raise OutOfMemory("never")
            return super().once(prepared)

    run = Run(
        Never(linear_key), store, {"linear 9>9": Workload("linear 9>9", None, ((9,),))}, Reporter(), 60.0
    )
    run.measure(["linear 9>9"], "measuring")
    assert run.known["linear 9>9"].failure == "never"


def test_asked_again_what_found_no_room_is_tried_again(found, store):
    """Another program may have had the memory: that is not kept against an entry for ever."""
    timer = FakeTimer(linear_key, too_large=lambda key: key == "linear 128>128")
    assert profile(found, store=store, timer=timer).provenance["failed"] == 1
    again = profile(found, store=store, timer=FakeTimer(linear_key), again=True)
    assert again.provenance["failed"] == 0
    assert again.terms[0].values[-1, -1] == pytest.approx(linear_key("linear 128>128"), rel=1e-4)
