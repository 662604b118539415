"""Where training made a repaired network worse on held-out images, the repaired one is kept."""

import numpy as np
import pytest
import torch

from mdp.core.files import read_json
from mdp.datasets.source import Split
from mdp.surgery import load
from mdp.training import keeping
from mdp.training.keeping import Repaired, held_out
from tests.reconstruction.test_commands import FEW, command, made, quick  # noqa: F401


@pytest.mark.parametrize(
    "images, asked, trained, compared",
    [
        (60_000, 20_000, 20_000, 1000),  # of those left over
        (60_000, None, 57_000, 3000),
        (60_000, 59_000, 56_050, 2950),
        (5_000, 64, 64, 200),
        (5_000, None, 4750, 250),
        (300, None, 300, 0),  # too few to say anything
        (300, 50, 50, 200),
    ],
)
def test_images_to_compare_on_are_not_trained_on(images, asked, trained, compared):
    labels = np.arange(images) % 10
    part, others = held_out(Split(labels, np.arange(images)[:, None, None]), asked, seed=1)
    assert (len(part), len(others)) == (trained, compared)
    own, other = (set(split.pixels.ravel().tolist()) for split in (part, others))
    assert len(own) == trained and len(other) == compared and not own & other


def test_the_better_one_is_kept():
    network = torch.nn.Linear(2, 2)
    begun = Repaired.of(network, 0.9)
    with torch.no_grad():
        network.weight.add_(1)
    assert begun.instead(network, 0.9, 1000) == ""
    assert not torch.equal(network.weight, begun.weights["weight"])
    why = begun.instead(network, 0.89, 1000)
    assert "89.0 % of 1,000 training images" in why and "90.0 %" in why
    assert torch.equal(network.weight, begun.weights["weight"])


def begin(network, right):
    weights = {name: t.detach().cpu().clone() for name, t in network.state_dict().items()}
    return Repaired(weights, right)


def test_a_training_that_makes_it_worse_leaves_the_repaired_network(made, tmp_path, capsys, monkeypatch):  # noqa: F811
    study, plan = made
    words = ("finetune", study, "--plan", plan, "--epochs", "1", *FEW)
    monkeypatch.setattr(keeping.Repaired, "of", classmethod(lambda cls, network, right: begin(network, 2.0)))
    status, outcome, err = command(capsys, *words, "--out", tmp_path / "net")
    assert status == 0 and "The repaired network is kept." in err
    assert outcome["kept"] == "repaired" and outcome["accuracy_tuned"] == outcome["accuracy_repaired"]
    facts = read_json(tmp_path / "net" / "architecture.json")["extra"]["finetuned"]
    assert facts["kept"] == "repaired"
    as_repaired = load(tmp_path / "net").state_dict()
    monkeypatch.setattr(keeping.Repaired, "of", classmethod(lambda cls, network, right: begin(network, -1.0)))
    status, outcome, _ = command(capsys, *words, "--out", tmp_path / "more")
    assert status == 0 and outcome["kept"] == "trained"
    trained = load(tmp_path / "more").state_dict()
    assert any(not torch.equal(tensor, as_repaired[name]) for name, tensor in trained.items())
