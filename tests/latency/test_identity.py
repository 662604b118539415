"""What tells one device from another: quotas and masks of a CPU; driver, switches and place of a GPU."""

import dataclasses
import os
import subprocess
import tempfile
from types import SimpleNamespace

import pytest
import torch

from mdp.cli import main
from mdp.core import cores
from mdp.core.errors import MdpError
from mdp.core.progress import Reporter
from mdp.core.study import load_study
from mdp.latency import gpu
from mdp.latency.device import ResolvedDeployment, deployment, unit_of
from mdp.latency.enforce_budget import enforce
from mdp.latency.local_device import measured_elsewhere, names_here
from mdp.latency.store import device_lock
from mdp.latency.timer import device_timer
from mdp.latency.timer_cpu import CpuTimer
from mdp.latency.verification import same_device, why_another
from mdp.networks.segments import Workload

from .conftest import FakeTimer, linear_key

SOFTWARE = "torch 2, driver 550.1, TF32 products"
IN_MS = SimpleNamespace(latency_unit="ms")
GPU = ResolvedDeployment("cuda", "NVIDIA H100", SOFTWARE, 4, "float32", "contiguous", 0, "graph")


@pytest.fixture
def quota_of(tmp_path, monkeypatch):
    """Eight cores, of which a quota leaves the given number."""
    monkeypatch.setattr(cores, "ROOT", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # do not wait for a real profiler

    def set_to(share):
        path = tmp_path / "sys/fs/cgroup/cpu.max"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{int(100000 * share)} 100000" if share else "max 100000")

    return set_to


@pytest.mark.parametrize("share, threads", [(0.5, 1), (1.0, 1), (2.5, 2), (7.9, 7), (8.0, 8), (64.0, 8)])
def test_a_quota_bounds_the_threads_and_is_part_of_the_name(quota_of, share, threads):
    quota_of(None)
    free = deployment("cpu", threads=1)
    assert deployment("cpu").threads == 8 and "quota" not in free.device
    quota_of(share)
    assert deployment("cpu").threads == threads
    with pytest.raises(MdpError, match=f"between 1 and {threads}"):
        deployment("cpu", threads=threads + 1)
    limited = deployment("cpu", threads=1)
    assert (limited == free) == (share >= 8)
    assert names_here("cpu") == (limited.device,)
    quota_of(share / 2 if share < 8 else None)
    assert (deployment("cpu", threads=1) == limited) == (share >= 8)


def test_an_affinity_mask_bounds_the_threads_and_is_part_of_the_name(quota_of, monkeypatch):
    quota_of(None)
    free = deployment("cpu", threads=1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 4, 6}, raising=False)
    assert deployment("cpu").threads == 3
    pinned = deployment("cpu", threads=1)
    assert pinned != free and "(8 cores, 3 of them usable)" in pinned.device
    assert unit_of(pinned) == unit_of(free)  # one profiler at a time all the same
    with pytest.raises(MdpError, match=r"between 1 and 3 .*8 cores, 3 of them usable"):
        deployment("cpu", threads=4)


def test_under_half_a_core_a_pass_takes_twice_its_cpu_time_and_that_is_said(quota_of, monkeypatch):
    layer = Workload("linear", lambda: torch.nn.Linear(8, 8), ((8,),))
    ticks = iter(range(0, 10**12, 2_000_000))
    monkeypatch.setattr("time.thread_time_ns", lambda: next(ticks))
    ms = {}
    for share in (None, 1.5, 0.5, 0.1):
        quota_of(share)
        timer = CpuTimer(deployment("cpu", threads=1))
        ms[share] = timer.once(timer.prepare(layer)).ms
        said = []
        report = Reporter()
        report.message = said.append
        with device_timer(timer.deployment, report, lambda timer=timer: timer):
            pass
        assert bool(said) == bool(share and share < 1)
        assert ("wall time on average" in timer.clock) == bool(said)
        if said:
            assert f"may use {share:g} of a core's time" in said[0]
    assert ms == {None: 2.0, 1.5: 2.0, 0.5: 4.0, 0.1: pytest.approx(20.0)}


def test_what_a_timer_changes_is_put_back(quota_of):
    before = torch.get_num_threads()
    where = dataclasses.replace(deployment("cpu"), threads=before + 1)
    quota_of(None)
    with pytest.raises(ZeroDivisionError), device_timer(where, Reporter(), lambda: CpuTimer(where)):
        assert torch.get_num_threads() == before + 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


def test_shipped_studies_are_of_the_same_device_without_a_quota(quota_of, monkeypatch):
    """Identities have grown since they were measured; without a quota nothing was added to theirs."""
    quota_of(None)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    monkeypatch.setattr("mdp.latency.device._cpu_name", lambda: "AMD EPYC family 25 model 1")
    for name in ("fmnist-resnet-cpu", "fmnist-vit-cpu", "efficientnet-lite0-cpu"):
        study = load_study(name)
        p = study.tables.provenance
        where = deployment("cpu", p["batch"], p["dtype"], p["memory_format"], p["threads"])
        # The build of torch may be another one here: what this project calls the device may not.
        assert same_device(study, dataclasses.replace(where, software=p["software"]))
        assert measured_elsewhere(study) == ""
        quota_of(0.5)
        assert "quota of 0.5" in measured_elsewhere(study)
        assert "quota of 0.5" in why_another(study, deployment("cpu", p["batch"], threads=1))
        quota_of(None)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"software": "torch 2"}, "do not say that it was with driver 550.1, TF32 products, as it is here"),
        ({"software": "torch 1, driver 550.1, TF32 products"}, "with torch 1 there and torch 2 here"),
        ({"software": "torch 2, driver 550.1, TF32 products, x"}, "with x there only"),
        ({"software": None}, "do not say that it was with torch 2, driver"),
        ({"device": "NVIDIA A100"}, "measured on NVIDIA A100, and this is NVIDIA H100."),
        ({"launch": "compiled graph"}, "launch compiled graph there and graph here"),
        ({"threads": None}, "threads unknown there and 0 here"),
    ],
)
def test_why_tables_are_of_another_device_is_a_sentence(found, store, change, said):
    provenance = {k: v for k, v in {**GPU.to_json(), **change}.items() if v is not None}
    study = SimpleNamespace(name="toy", problem=IN_MS, tables=SimpleNamespace(provenance=provenance))
    assert said in why_another(study, GPU) and not same_device(study, GPU)
    with pytest.raises(MdpError, match="cannot stand in one table"):
        enforce(study, found, 1.0, store=store, timer=FakeTimer(linear_key, deployment=GPU))
    same = SimpleNamespace(name="x", problem=IN_MS, tables=SimpleNamespace(provenance=GPU.to_json()))
    assert why_another(same, GPU) == ""


def torch_with(monkeypatch, **facts):
    """torch on a made-up GPU, as far as its identity is asked."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    cards = {1: SimpleNamespace(**facts)}
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: cards[number])


def test_the_lock_is_on_the_card_and_not_on_its_name(monkeypatch, tmp_path):
    units = []
    for facts in (
        {"uuid": "GPU-1"},
        {"uuid": "GPU-2"},
        {"pci_domain_id": 0, "pci_bus_id": 26, "pci_device_id": 0},
        {"pci_domain_id": 0, "pci_bus_id": 27, "pci_device_id": 0},
    ):
        torch_with(monkeypatch, **facts)
        units.append(unit_of(GPU))
        assert unit_of(dataclasses.replace(GPU, device="H100 by another name")) == units[-1]
    assert len(set(units)) == 4
    torch_with(monkeypatch)
    assert unit_of(GPU) == "NVIDIA H100"

    def never():
        raise AssertionError("two equal cards are two devices")

    with (
        device_lock("NVIDIA H100", print, never, tmp_path, unit=units[0]),
        device_lock("NVIDIA H100", print, never, tmp_path, unit=units[1]),
    ):
        assert len(list(tmp_path.iterdir())) == 2


def test_a_number_of_a_gpu(monkeypatch):
    from mdp.latency.device import _kind, deployment

    torch_with(monkeypatch)
    assert _kind("cuda:1") == "cuda" == _kind("CUDA:1")
    with pytest.raises(MdpError, match=r"cuda:0 is not it.*CUDA_VISIBLE_DEVICES=0"):
        _kind("cuda:0")
    for word in ("cuda:", "cuda:x", "cuda:-1", "cpu:0"):
        with pytest.raises(MdpError, match="unknown"):
            deployment(word)


def test_driver_and_switches_are_part_of_a_gpus_software(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    monkeypatch.setattr(gpu, "_ask_smi", lambda what: ())
    plain = gpu.software(torch)
    version = tmp_path / "proc/driver/nvidia/version"
    version.parent.mkdir(parents=True)
    version.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.57.08  Release Build\nGCC version: 12\n"
    )
    assert set(gpu.software(torch)) - set(plain) == {"driver 575.57.08"}
    try:  # an attribute that the module makes up: monkeypatch cannot put it back
        torch.backends.cuda.matmul.allow_tf32 = True
        assert "TF32 products" in gpu.software(torch)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
    monkeypatch.setattr(torch.backends.cuda, "flash_sdp_enabled", lambda: False)
    assert "attention mem_efficient+cudnn+math" in gpu.software(torch)
    assert "cuDNN benchmark" in plain and "TF32 convolutions" in plain


def test_newer_switches_of_tf32_are_read_too():
    class Newer:
        fp32_precision = "tf32"
        conv = SimpleNamespace(fp32_precision="ieee")

        @property
        def allow_tf32(self):
            raise RuntimeError("mix of the legacy and new APIs")

    assert gpu._tf32(Newer()) and not gpu._tf32(Newer(), "conv")


@pytest.mark.parametrize(
    "answer, names",
    [
        (FileNotFoundError(), None),
        (PermissionError(), None),
        (subprocess.TimeoutExpired("nvidia-smi", 10), None),
        (
            SimpleNamespace(returncode=9, stdout="NVIDIA-SMI has failed because it couldn't communicate\n"),
            None,
        ),
        (SimpleNamespace(returncode=0, stdout="NVIDIA H100\nNVIDIA A100\n"), ("NVIDIA H100", "NVIDIA A100")),
    ],
)
def test_without_nvidia_smi_nothing_breaks(monkeypatch, tmp_path, answer, names):
    def run(*args, **kwargs):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    study = SimpleNamespace(name="toy", problem=IN_MS, tables=SimpleNamespace(provenance=GPU.to_json()))
    assert names_here("cuda") == (names or ())
    assert bool(measured_elsewhere(study)) == (names is None)  # no GPU at all
    gpu.driver()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").touch()
    assert measured_elsewhere(study) == ""  # there is one: torch will know which
    facts = tmp_path / "proc/driver/nvidia/gpus/0000:1a:00.0/information"
    facts.parent.mkdir(parents=True)
    facts.write_text("Model: \t\t NVIDIA L4\nIRQ:   190\n")
    assert names_here("cuda") == (names or ("NVIDIA L4",))
    assert bool(measured_elsewhere(study)) == (names is None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert names_here("cuda") == ()


def test_a_part_of_a_gpu_is_known_by_the_whole(monkeypatch):
    monkeypatch.setattr("mdp.latency.local_device.gpu_names", lambda: ("NVIDIA H100",))
    for device, here in (("NVIDIA H100 MIG 1g.10gb", True), ("NVIDIA H100 PCIe", False)):
        p = {**GPU.to_json(), "device": device}
        study = SimpleNamespace(name="toy", problem=IN_MS, tables=SimpleNamespace(provenance=p))
        assert (measured_elsewhere(study) == "") == here


@pytest.mark.parametrize(
    ("threads", "said"),
    [("0", "1 or more"), ("-2", "1 or more"), ("3", "between 1 and 2"), ("100000", "between 1 and 2")],
)
def test_training_takes_no_more_threads_than_measuring(quota_of, capsys, threads, said):
    quota_of(2.5)
    assert main(["train", "fmnist_vit", "--threads", threads]) == 2
    assert said in capsys.readouterr().err
