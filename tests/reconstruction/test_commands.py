"""The contract of `finetune --epochs 0`, and the commands that repair, on a small trained-like checkpoint."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from mdp.cli import main
from mdp.core.files import read_json, write_json
from mdp.core.plan import save_plan
from mdp.core.study import ModelRef, save_study
from mdp.networks.models import create
from mdp.solve import solve
from mdp.surgery import load
from mdp.surgery.check import liven
from tests.training.tiny import RESNET, be_quick, tiny_study

NAMES = ["architecture.json", "metrics.jsonl", "model.safetensors"]
FEW = ("--data", "fashion-mnist-subset", "--images", "64", "--json")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(study, plan) of a small network whose weights are a file, as somebody's own are."""
    folder = tmp_path_factory.mktemp("study")
    model = create(RESNET)
    liven(model, 0)
    save_file(model.state_dict(), folder / "own.safetensors")
    ref = ModelRef(RESNET.name, str(folder / "own.safetensors"), RESNET.input_size, 10, RESNET.arguments)
    study = tiny_study(ref)
    plan = solve(study.problem, 0.7 * study.problem.dense_latency)
    save_plan(plan, folder / "plan.json")
    return save_study(study, folder / "study.json"), folder / "plan.json"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    be_quick(monkeypatch)


def command(capsys, *words):
    status = main([*map(str, words)])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else None, err


def test_the_contract_prints_four_accuracies_and_saves_nothing(made, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, plan = made
    status, outcome, err = command(capsys, "finetune", study, "--budget", "70%", "--epochs", "0", *FEW)
    assert status == 0, err
    assert outcome["accuracy_tuned"] is None and outcome["path"] is None
    for key in ("accuracy_dense", "accuracy_pruned", "accuracy_repaired"):
        assert 0 <= outcome[key] <= 1
    assert "Repaired" in err and not list(tmp_path.iterdir())
    words = ("finetune", study, "--plan", plan, "--epochs", "0", *FEW, "--no-repair")
    status, plain, err = command(capsys, *words)
    assert status == 0 and plain["accuracy_repaired"] is None and "epaired" not in err
    assert plain["accuracy_pruned"] == outcome["accuracy_pruned"]
    status, _, err = command(capsys, "finetune", study, "--plan", plan, "--epochs", "1")
    assert status == 2 and "--out" in err


def test_a_training_begins_with_the_repaired_network_and_repairs_once(made, tmp_path, capsys, monkeypatch):
    from mdp.core.errors import Cancelled
    from mdp.core.progress import ConsoleReporter

    study, plan = made
    words = ("finetune", study, "--plan", plan, *FEW, "--batch", "16", "--epochs", "2")
    words = (*words, "--out", tmp_path / "net")
    metric = ConsoleReporter.metric

    def stop_after_an_epoch(self, **values):
        metric(self, **values)
        if values.get("epoch") == 1 and "accuracy" in values:
            raise Cancelled("Stopped on request; what was finished is kept.")

    monkeypatch.setattr(ConsoleReporter, "metric", stop_after_an_epoch)
    assert command(capsys, *words)[0] == 130 and (tmp_path / "net" / "repaired.safetensors").is_file()
    monkeypatch.setattr(ConsoleReporter, "metric", metric)
    monkeypatch.setattr("mdp.training.repairing.repair", lambda *_, **__: pytest.fail("repaired twice"))
    status, outcome, err = command(capsys, *words)
    assert status == 0 and "was repaired before" in err and "Going on after epoch 1 of 2." in err
    names = {p.name for p in (tmp_path / "net").iterdir()}
    assert names - {"best.safetensors"} == set(NAMES)
    facts = read_json(tmp_path / "net" / "architecture.json")["extra"]["finetuned"]
    assert facts["accuracy_repaired"] == outcome["accuracy_repaired"] is not None
    # What was trained on is not repaired again: that would undo it.
    status, more, err = command(capsys, "finetune", tmp_path / "net", *FEW, "--epochs", "0")
    assert status == 0 and more["accuracy_repaired"] is None and "since it was cut" in err


def test_networks_are_repaired_from_study_and_folder_alike(made, tmp_path, capsys):
    study, plan = made
    status, told, err = command(capsys, "repair", study, "--plan", plan, *FEW, "--out", tmp_path / "one")
    assert status == 0 and told["repaired"] and told["held_out"] == 16, err
    assert command(capsys, "extract", study, "--plan", plan, "--out", tmp_path / "cut")[0] == 0
    assert command(capsys, "repair", tmp_path / "cut", *FEW, "--out", tmp_path / "two")[0] == 0
    words = ("--repair", *FEW[:-1], "--out", tmp_path / "three")
    assert command(capsys, "extract", study, "--plan", plan, *words)[0] == 0
    cut, *others = (load(tmp_path / name).state_dict() for name in ("cut", "one", "two", "three"))
    for name, tensor in others[0].items():
        assert all(torch.equal(tensor, other[name]) for other in others)
    assert any(not torch.equal(tensor, cut[name]) for name, tensor in others[0].items())
    # Folders of earlier versions do not say which units they have: their study does.
    data = read_json(tmp_path / "cut" / "architecture.json")
    del data["kept"]
    data["extra"]["study"] = str(study)
    write_json(tmp_path / "cut" / "architecture.json", data)
    assert command(capsys, "repair", tmp_path / "cut", *FEW, "--out", tmp_path / "four")[0] == 0
    again = load(tmp_path / "four").state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in others[0].items())
    data["extra"] = {}
    write_json(tmp_path / "cut" / "architecture.json", data)
    status, _, err = command(capsys, "repair", tmp_path / "cut", *FEW, "--out", tmp_path / "five")
    assert status == 2 and "an earlier version saved it" in err
    for source, sentence in ((tmp_path / "one", "since it was cut"), (tmp_path / "none", "is not a folder")):
        status, _, err = command(capsys, "repair", source, *FEW, "--out", tmp_path / "no")
        assert status == 2 and sentence in err


def test_what_cannot_be_repaired_is_measured_all_the_same(made, tmp_path, capsys):
    study, plan = made
    few = ("--data", "fashion-mnist-subset", "--images", "5", "--json")
    status, outcome, err = command(capsys, "finetune", study, "--plan", plan, "--epochs", "0", *few)
    assert status == 0 and outcome["accuracy_repaired"] == outcome["accuracy_pruned"]
    assert "Not repaired" in err and "5 were given" in err
    status, _, err = command(capsys, "repair", study, "--plan", plan, *few, "--out", tmp_path / "net")
    assert status == 2 and "5 were given" in err and not list((tmp_path / "net").glob("*"))


def test_rotated_weights_compute_the_same(tmp_path, capsys):
    out = tmp_path / "turned.safetensors"
    words = ("rotate", "fmnist_vit", *FEW[:-1], "--weights", "none")
    assert main([*words, "--out", str(tmp_path / "turned.pth")]) == 2
    assert "does not end in .safetensors" in capsys.readouterr().err
    assert main([*words, "--out", str(out)]) == 0
    ref = ModelRef("fmnist_vit", "none", (1, 28, 28), 10)
    own, images = create(ref).eval(), torch.randn(4, 1, 28, 28)
    turned = create(replace(ref, weights=str(out))).eval()
    torch.testing.assert_close(turned(images), own(images), rtol=1e-3, atol=1e-4)
    assert main(["rotate", "fmnist_resnet", *FEW[:-1], "--out", str(out)]) == 2
    assert "cannot be rotated" in capsys.readouterr().err
