"""Fine-tuning from the command line: what it says and leaves behind, and that it goes on where it was."""

import dataclasses
import json
from dataclasses import asdict

import pytest
import torch

from mdp.cli import main
from mdp.core.files import read_json
from mdp.core.plan import load_plan, save_plan
from mdp.core.progress import Reporter
from mdp.core.study import load_study, save_study
from mdp.latency.device import deployment
from mdp.latency.verification import deployment_of
from mdp.networks.checkpoints import write_tensors
from mdp.networks.models import create
from mdp.solve import solve
from mdp.surgery import extract_plan, load
from mdp.training.finetune import FILES, _latencies
from mdp.training.pruned import of_plan
from mdp.training.recipe import recipe_of
from mdp.training.recording import CHECKPOINT

from .tiny import RESNET, VIT, be_quick, tiny_study

FEW = ("--data", "fashion-mnist-subset", "--images", "128", "--batch", "32", "--epochs", "2", "--json")


@pytest.fixture(scope="module", params=[RESNET, VIT], ids=["resnet", "vit"])
def made(request, tmp_path_factory):
    """Paths of a study and of a plan at 60 % of its latency."""
    folder = tmp_path_factory.mktemp("study")
    study = tiny_study(request.param)
    plan = solve(study.problem, 0.6 * study.problem.dense_latency)
    save_plan(plan, folder / "plan.json")
    return save_study(study, folder / "study.json"), folder / "plan.json"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    be_quick(monkeypatch)


def finetune(capsys, *words):
    """(exit status, the JSON outcome or None, standard error)"""
    status = main(["finetune", *map(str, words)])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else None, err


def right(network) -> float:
    """Share of the test images, counted one by one without the trainer."""
    from mdp.datasets import fashion
    from mdp.networks.models import data_config

    config = data_config(network.architecture.model)
    test = fashion.subset().test
    images = (torch.from_numpy(test.pixels[:, None] / 255) - config.mean[0]) / config.std[0]
    with torch.no_grad():
        hits = network.eval()(images.float()).argmax(1).numpy() == test.labels
    return float(hits.sum()) / len(hits)


NAMES = ["architecture.json", "metrics.jsonl", "model.safetensors"]


def test_it_says_what_the_network_is_worth_and_saves_it(made, tmp_path, capsys):
    study, plan = made
    status, outcome, _ = finetune(capsys, study, "--plan", plan, *FEW, "--out", tmp_path / "net")
    assert status == 0
    assert outcome["accuracy_dense"] is None  # an untrained network has none worth telling
    pruned = extract_plan(load_study(study), load_plan(plan))
    assert outcome["accuracy_pruned"] == right(pruned)
    assert outcome["accuracy_tuned"] == right(load(tmp_path / "net"))
    assert outcome["latency_predicted"] == pytest.approx(
        load_study(study).problem.dense_latency * 0.6, rel=0.2
    )
    assert outcome["latency_measured"] > 0 and outcome["latency_measured_dense"] > 0 and outcome["device"]
    names = {p.name for p in (tmp_path / "net").iterdir()}
    assert names - {"best.safetensors"} == set(NAMES)  # the best epoch, where it was not the last
    network = load(tmp_path / "net")
    extra = read_json(tmp_path / "net" / "architecture.json")["extra"]
    assert extra["finetuned"]["accuracy_tuned"] == outcome["accuracy_tuned"] and "plan" in extra

    # The saved network can be trained on, without the study or the plan.
    status, more, _ = finetune(capsys, tmp_path / "net", *FEW, "--out", tmp_path / "more")
    assert status == 0 and more["accuracy_pruned"] == outcome["accuracy_tuned"]
    assert load(tmp_path / "more").architecture == network.architecture


@pytest.mark.parametrize("name", [*FILES])
def test_a_folder_where_a_file_is_to_go_is_said_before_anything_is_measured(
    made, tmp_path, capsys, monkeypatch, name
):
    monkeypatch.setattr("mdp.training.finetune.accuracy", lambda *_, **__: pytest.fail("it measures"))
    monkeypatch.setattr("mdp.training.finetune.measure", lambda *_: pytest.fail("it measures"))
    (tmp_path / "net" / name).mkdir(parents=True)
    status, _, err = finetune(capsys, made[0], "--plan", made[1], *FEW, "--out", tmp_path / "net")
    assert status == 2 and f"{name} is a folder" in err
    assert [path.name for path in (tmp_path / "net").iterdir()] == [name]


def test_another_recipe_is_said_before_anything_is_measured(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mdp.training.finetune.accuracy", lambda *_, **__: pytest.fail("it measures"))
    monkeypatch.setattr("mdp.training.finetune.measure", lambda *_: pytest.fail("it measures"))
    was = {"recipe": asdict(recipe_of("quick", epochs=2, rate=0.5)), "about": {}, "history": []}
    write_tensors(tmp_path / "net" / CHECKPOINT, {"a": torch.ones(1)}, {"state": json.dumps(was)})
    words = (made[0], "--plan", made[1], *FEW, "--out", tmp_path / "net")
    status, _, err = finetune(capsys, *words, "--rate", "0.25")
    assert status == 2 and "of another run" in err and "rate 0.5, now 0.25" in err
    assert finetune(capsys, *words, "--epochs", "0")[0] == 2
    assert (tmp_path / "net" / CHECKPOINT).exists()


def test_without_epochs_accuracy_is_measured_and_nothing_waits_for_the_device(
    made, tmp_path, capsys, monkeypatch
):
    def busy(*asked, **more):
        raise AssertionError("it takes the device, which a profiler may have for hours")

    monkeypatch.setattr("mdp.latency.store.FileLock", busy)
    study, plan = made
    words = (*FEW, "--epochs", "0", "--out", tmp_path / "net")
    status, outcome, _ = finetune(capsys, study, "--plan", plan, *words)
    assert status == 0 and outcome["accuracy_tuned"] is None
    assert outcome["latency_predicted"] > 0 and outcome["latency_measured"] is None
    assert outcome["accuracy_pruned"] == right(load(tmp_path / "net"))


def test_latencies_are_read_beside_the_anchor_of_the_tables(made, monkeypatch):
    """A busier machine than the tables' would otherwise look like a wrong prediction."""
    study, plan = load_study(made[0]), load_plan(made[1])
    where = deployment_of(study)
    here = {**study.tables.provenance, **where.to_json(), "anchor_ms": 3.5}
    study = dataclasses.replace(study, tables=dataclasses.replace(study.tables, provenance=here))
    usual = []
    monkeypatch.setattr("mdp.training.finetune.measure", lambda *asked: usual.append(asked[-1]) or [2.0, 1.0])
    facts = _latencies(of_plan(study, plan), None, Reporter())
    assert usual == [3.5] and facts["latency_measured"] == 1.0
    assert " in " not in facts["device"].rpartition("batch")[2]
    here |= deployment("cpu", where.batch, runtime="onnxruntime").to_json()
    study = dataclasses.replace(study, tables=dataclasses.replace(study.tables, provenance=here))
    facts = _latencies(of_plan(study, plan), None, Reporter())
    assert facts["latency_measured"] == 1.0 and facts["device"].endswith("in ONNX Runtime")


def test_a_finetuning_that_was_stopped_goes_on(made, tmp_path, capsys, monkeypatch):
    from mdp.core.errors import Cancelled
    from mdp.core.progress import ConsoleReporter

    study, plan = made
    words = (study, "--plan", plan, *FEW, "--out", tmp_path / "net")
    metric = ConsoleReporter.metric

    def stop_after_an_epoch(self, **values):
        metric(self, **values)
        if values.get("epoch") == 1 and "accuracy" in values:
            raise Cancelled("Stopped on request; what was finished is kept.")

    monkeypatch.setattr(ConsoleReporter, "metric", stop_after_an_epoch)
    assert finetune(capsys, *words)[0] == 130
    assert (tmp_path / "net" / "checkpoint.safetensors").exists()
    monkeypatch.setattr(ConsoleReporter, "metric", metric)
    status, outcome, err = finetune(capsys, *words)
    assert status == 0 and "Going on after epoch 1 of 2." in err
    whole = finetune(capsys, *words[:-1], tmp_path / "whole")[1]
    assert outcome["accuracy_tuned"] == whole["accuracy_tuned"]


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--epochs", "-1"), "--epochs -1 cannot be used"),
        (("--rate", "-1"), "--rate -1 cannot be used"),
        (("--distill", "2"), "--distill 2 cannot be used"),
        (("--data", "nowhere"), "There is no data set 'nowhere'"),
        (("--teacher", "nobody", *FEW), "There is no model 'nobody'"),
        (("--teacher", "cifar_resnet20", *FEW), "cannot teach"),
    ],
)
def test_bad_numbers_are_sentences(made, tmp_path, capsys, words, sentence):
    study, plan = made
    status, _, err = finetune(capsys, study, "--plan", plan, *words, "--out", tmp_path / "net")
    assert status == 2 and sentence in err and "Traceback" not in err
    assert not (tmp_path / "net").exists()


def test_a_study_without_a_plan_and_a_folder_that_is_none(made, tmp_path, capsys):
    status, _, err = finetune(capsys, made[0], "--out", tmp_path / "net")
    assert status == 2 and "--plan or --budget" in err
    status, _, err = finetune(capsys, tmp_path, "--out", tmp_path / "net")
    assert status == 2 and "architecture" in err


def test_a_plan_of_another_study_is_refused(made, tmp_path, capsys):
    other = tiny_study(VIT if load_study(made[0]).family == "resnet" else RESNET)
    path = save_study(other, tmp_path / "other.json")
    status, _, err = finetune(capsys, path, "--plan", made[1], *FEW, "--out", tmp_path / "net")
    assert status == 2 and "does not fit" in err


def test_the_training_command_refuses_what_is_no_demo(capsys):
    assert main(["train", "resnet50"]) == 2
    assert "not a demo network" in capsys.readouterr().err


@pytest.fixture
def moves(monkeypatch):
    """As on a GPU: the first move of a module to a device makes every tensor a new one; lists those moved."""
    moved, to = [], torch.nn.Module.to

    def really(module, *where, **more):
        out = to(module, *where, **more)
        if where and isinstance(where[0], torch.device) and module not in moved:
            moved.append(module)
            module._apply(torch.clone)
        return out

    monkeypatch.setattr(torch.nn.Module, "to", really)
    return moved


@pytest.mark.parametrize("words", [(), ("--distill", "0.5")], ids=["alone", "distilled"])
def test_a_network_that_moved_to_its_device_is_trained(made, tmp_path, capsys, monkeypatch, moves, words):
    """Neither measuring nor evaluating may leave tensors behind that no gradient can be taken of."""
    dense = create(load_study(made[0]).model)
    monkeypatch.setattr("mdp.training.finetune._dense", lambda *asked: dense)
    study, plan = made
    status, outcome, err = finetune(capsys, study, "--plan", plan, *FEW, *words, "--out", tmp_path / "net")
    assert status == 0, err
    assert len(moves) >= 2 and outcome["latency_measured"] > 0 and outcome["accuracy_dense"] is not None
    status, again, _ = finetune(capsys, tmp_path / "net", *FEW, "--epochs", "0", "--out", tmp_path / "same")
    assert status == 0 and again["accuracy_pruned"] == outcome["accuracy_tuned"]
    for network in moves:
        assert not any(t.is_inference() for t in network.state_dict().values())


@pytest.mark.parametrize("how", [["--budget", "40%"], ["--budgets", "60%,40%"]])
def test_a_folder_without_images_is_said_before_any_network_is_made(how, capsys, tmp_path, monkeypatch):
    from mdp import solve
    from mdp.training import pruned

    monkeypatch.setattr(solve, "solve", None)
    monkeypatch.setattr(pruned, "of_plan", None)
    command = ["finetune", "fmnist-resnet-cpu", *how, "--data", str(tmp_path / "none")]
    assert main([*command, "--out", str(tmp_path / "tuned")]) != 0
    said = capsys.readouterr().err
    assert str(tmp_path / "none") in said and "Traceback" not in said
