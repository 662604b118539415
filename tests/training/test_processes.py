"""Fine-tuning in two processes that a launcher really starts: counted from within, and told apart."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from timm.layers import EvoNorm2dB0

from mdp import datasets, jobs
from mdp.cli import main
from mdp.core import processes
from mdp.core.errors import MdpError
from mdp.core.study import save_study
from mdp.datasets.loader import loader
from mdp.networks.models import create
from mdp.surgery import load
from mdp.training import distributed as together
from mdp.training.evaluation import accuracy

from .several import TEST_IMAGES
from .tiny import RESNET, VIT, tiny_study

SEVERAL, ROOT = Path(__file__).with_name("several.py"), Path(__file__).parents[2]
IMAGES, BATCH, EPOCHS = 264, 32, 2
WORDS = ("--budget", "60%", "--data", "fashion-mnist-subset", "--images", IMAGES, "--batch", BATCH,
         "--epochs", EPOCHS, "--json")  # fmt: skip


@pytest.fixture
def study(tmp_path):
    def saved(ref):
        return save_study(tiny_study(ref), tmp_path / "study.json")

    return saved


def launch(tmp_path, study, *words, stop="", **environment):
    """Start two processes with torchrun."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = (SEVERAL, tmp_path, "finetune", study, *WORDS, "--out", tmp_path / "net", *words)
    (tmp_path / "err.txt").touch()
    with (tmp_path / "err.txt").open("wb") as err:
        return subprocess.Popen(
            [*command, *map(str, words)],
            env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
                 "STOP": stop, **environment},
            stdout=subprocess.PIPE, stderr=err, text=True,
        )  # fmt: skip


def ended(tmp_path, process):
    """(exit status, standard output, standard error) of both together"""
    out, _ = process.communicate(timeout=200)
    return process.returncode, out, (tmp_path / "err.txt").read_text()


def notes(tmp_path):
    return [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]


def batches_of(rank, epoch):
    """The labels that a process should see: every other batch of the order that one process would see."""
    part = datasets.find("fashion-mnist-subset").train.sample(IMAGES, 0)
    order = np.random.default_rng((0, epoch)).permutation(IMAGES)
    return [part.labels[order[i * BATCH : (i + 1) * BATCH]].tolist() for i in range(rank, IMAGES // BATCH, 2)]


NAMES = ["architecture.json", "metrics.jsonl", "model.safetensors"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ref, precision", [(RESNET, "no"), (VIT, "bf16")], ids=["resnet", "vit-bf16"])
def test_two_processes_share_the_work(study, tmp_path, ref, precision):
    path = study(ref)
    status, out, err = ended(tmp_path, launch(tmp_path, path, ACCELERATE_MIXED_PRECISION=precision))
    assert status == 0, err
    (line,) = out.splitlines()  # one of them says what came of it
    outcome, said = json.loads(line), notes(tmp_path)
    assert [n["processes"] for n in said] == [2, 2]
    assert [n["measured"] for n in said] == [1, 0]
    assert err.count("accuracy pruned") == err.count("Measuring") == err.count("taking the network out") == 1
    assert "Warning" not in err and "Traceback" not in err
    for rank, n in enumerate(said):
        assert n["seen"] == [batch for epoch in range(EPOCHS) for batch in batches_of(rank, epoch)]
        assert n["autocast"] == [precision == "bf16"] * len(n["seen"])
    # Before, and after each epoch: every image once, and both processes know the same.
    for (first, a), (second, b) in zip(*(n["evaluated"] for n in said), strict=True):
        assert first + second == TEST_IMAGES and min(first, second) > 0 and a == b
    assert said[0]["statistics"] == said[1]["statistics"] and len(said[0]["statistics"]) == EPOCHS
    assert bool(said[0]["statistics"][0]) == (ref is RESNET)
    tuned, source = load(tmp_path / "net"), datasets.find("fashion-mnist-subset")
    right = accuracy(tuned, loader(source.test.sample(TEST_IMAGES), source, ref, 250))
    assert right == pytest.approx(outcome["accuracy_tuned"], abs=0 if precision == "no" else 0.03)
    assert outcome["test_images"] == TEST_IMAGES
    names = {p.name for p in (tmp_path / "net").iterdir()}
    assert names - {"best.safetensors"} == set(NAMES)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_in_two_processes_ends_together_and_goes_on(study, tmp_path, monkeypatch):
    """An error of the first, of the second (which its job tells), and then the rest, as if unbroken."""
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))
    path, job = study(RESNET), ("--job", tmp_path / "job")
    status, out, err = ended(tmp_path, launch(tmp_path, path, stop="error:0:2"))
    assert status and not out and "The disk is full." in err.splitlines()
    # Which comes first is chance: that the other one is missed, or the launcher's signal.
    assert re.search("Process 2 of 2: (Another process of this run has ended|Stopped on request)", err), err
    assert (tmp_path / "net" / "checkpoint.safetensors").exists()

    status, out, err = ended(tmp_path, launch(tmp_path, path, *job, stop="error:1:1"))
    assert status and "Process 2 of 2: The disk is full." in err.splitlines()
    (state,) = jobs.list_jobs()
    assert (state.status, state.error) == ("failed", "Process 2 of 2: The disk is full.")
    assert (tmp_path / "net" / "checkpoint.safetensors").exists()

    status, out, err = ended(tmp_path, launch(tmp_path, path, *job))
    assert status == 0 and err.count("Going on after epoch 1 of 2.") == 1
    (state,) = jobs.list_jobs()
    assert (state.status, state.result) == ("done", json.loads(out))
    assert state.progress["done"] == pytest.approx(state.progress["total"])
    assert [m["epoch"] for m in state.metrics if "accuracy" in m] == [1, 2]

    assert ended(tmp_path, launch(tmp_path, path, "--out", tmp_path / "whole"))[0] == 0
    whole, again = load(tmp_path / "whole").state_dict(), load(tmp_path / "net").state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in whole.items())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_cancel_ends_both_processes(study, tmp_path, monkeypatch):
    """The second one sleeps, and the first waits for it inside of torch, where Python hears no signal."""
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))
    launcher = launch(tmp_path, study(RESNET), "--job", tmp_path / "job", stop="wait:1:1")
    end = time.monotonic() + 120
    while time.monotonic() < end and not (
        (tmp_path / "1.json").exists() and notes(tmp_path)[1]["statistics"]
    ):
        time.sleep(0.2)
    time.sleep(0.5)
    (state,) = jobs.list_jobs()
    assert state.status == "running" and state.progress["done"] < state.progress["total"]
    both = psutil.Process(launcher.pid).children()
    assert len(both) == 2
    assert jobs.cancel(state.id).status == "cancelled"
    assert not psutil.wait_procs(both, timeout=1)[1]
    assert ended(tmp_path, launcher)[0] and jobs.state(state.id).status == "cancelled"


def test_what_is_no_training_is_done_by_the_first_alone(monkeypatch, capsys):
    monkeypatch.setattr(processes, "leave_when_told", lambda: None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert main(["studies"]) == 0
    out, err = capsys.readouterr()
    assert not out and "by the first one alone" in err
    monkeypatch.setenv("RANK", "0")
    assert main(["studies"]) == 0 and capsys.readouterr().out


def test_what_every_process_meets_is_said_once(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(processes, "leave_when_told", lambda: None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    none, out, job = (str(tmp_path / name) for name in ("none", "net", "job"))
    words = ["finetune", none, "--out", out, "--job", job]
    monkeypatch.setenv("RANK", "1")
    assert main(words) == 2 and not capsys.readouterr().err and not (tmp_path / "job").exists()
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))
    assert main(words) == 2 and "not a folder" in capsys.readouterr().err and (tmp_path / "job").exists()


@pytest.mark.parametrize(
    "environment, seen",
    [
        ({}, (0, 1)),
        ({"RANK": "3"}, (0, 1)),  # left over from somewhere: nobody else is counted
        ({"RANK": "3", "WORLD_SIZE": "4"}, (3, 4)),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, (1, 2)),
        ({"PMI_RANK": "1", "PMI_SIZE": "3"}, (1, 3)),
    ],
)
def test_processes_are_counted_as_their_launcher_does(monkeypatch, environment, seen):
    for name in (*processes._RANK, *processes._COUNT):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (processes.rank(), processes.count()) == seen


@pytest.mark.parametrize("model", [create(RESNET), create(VIT), EvoNorm2dB0(4)], ids=["bn", "none", "evo"])
def test_running_statistics_become_the_mean_of_all(model):
    class Two:  # the other one has ones everywhere
        num_processes = 2

        @staticmethod
        def reduce(tensor, kind):
            assert kind == "mean"
            return (tensor + 1) / 2

    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    together.average_statistics(model, Two)
    changed = {key for key, tensor in model.state_dict().items() if not torch.equal(tensor, before[key])}
    running = {key for key in before if "running_" in key}
    assert changed == {key for key in running if (before[key] != 1).any()}
    assert bool(running) == (not hasattr(model, "pos_embed"))
    assert all(torch.equal(model.state_dict()[key], (before[key] + 1) / 2) for key in running)


def test_processes_that_find_different_files_do_not_begin(monkeypatch):
    class Two:
        num_processes = 2

    monkeypatch.setattr(together, "gather_object", lambda mine: [*mine, False])
    together.agree(Two, False, "Not every process finds it.")
    with pytest.raises(MdpError, match=r"finds it\. Several machines need the same files"):
        together.agree(Two, True, "Not every process finds it.")


@pytest.mark.parametrize("steps, sentence", [("0", "make no update"), ("many", "could not be set up")])
def test_an_accumulation_that_cannot_be_is_a_sentence(monkeypatch, steps, sentence):
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", steps)
    with pytest.raises(MdpError, match=sentence):
        together.accelerator()


@pytest.mark.parametrize(
    "error, sentence",
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), "Give a smaller batch"),
        (RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer"), "Another process"),
        (torch.distributed.DistBackendError("NCCL error: remote process exited"), "Another process"),
    ],
)
def test_what_torch_says_of_others_and_memory_is_a_sentence(monkeypatch, error, sentence):
    monkeypatch.setattr(processes, "joined", lambda: True)
    with pytest.raises(MdpError, match=sentence), together.sentences():
        raise error


def test_other_errors_stay_what_they_are(monkeypatch):
    for joined in (True, False):
        monkeypatch.setattr(processes, "joined", lambda joined=joined: joined)
        with pytest.raises(RuntimeError, match="shapes"), together.sentences():
            raise RuntimeError("shapes do not fit")


def test_processes_that_are_not_joined_are_refused(monkeypatch):
    together.accelerator()  # this one is alone
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(MdpError, match=r"2 processes were started|could not be set up"):
        together.accelerator()
