"""Tasks of one's own that give something else than they promise: sentences, and no such number anywhere."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import mdp
from mdp.core.errors import MdpError
from mdp.tasks import Match

from .test_match import by_width


class Own(mdp.Task):
    name, quality, labelled = "own", "rightness", True

    def score_loss(self):
        return lambda outputs, targets: F.cross_entropy(outputs, targets)

    def reference(self, outputs):
        return Match().reference(outputs)

    def loss(self, outputs, targets, told=None):
        return F.cross_entropy(outputs, targets)

    def measure(self, network, batches, dense=None):
        return 0.5


class Says:
    def __init__(self, value):
        self.value = value

    def divergence(self, batch, outputs):
        return self.value


def like(**methods):
    return type("Other", (Own,), methods)()


@pytest.fixture(scope="module")
def made():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 8, 3), nn.ReLU(), nn.Flatten()
    net = mdp.prunable(nn.Sequential(*layers, nn.Linear(288, 3)), torch.randn(1, 1, 8, 8))
    batches = [(torch.randn(16, 1, 8, 8), torch.randint(3, (16,))) for _ in range(3)]
    scores = mdp.score(net, batches, method="hessian", task=Own(), progress=False)
    assert all(np.isfinite(values).all() for _, _, _, values in scores.shares)
    return net, batches, net.extract(mdp.Study(net, by_width(net), scores).solve("60%"))


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda o, y: o.sum(1), r"gives a tensor \(16,\)"),
        (lambda o, y: 1.0, "gives float"),
        (lambda o, y: torch.tensor(1.0), "has no gradient"),
        (None, "gives NoneType, and has to give a function"),
    ],
)
def test_losses_for_scores(made, loss, said):
    net, batches, _ = made
    with pytest.raises(MdpError, match=said):
        mdp.score(net, batches, method="hessian", task=like(score_loss=lambda s: loss), progress=False)


@pytest.mark.parametrize("value", [torch.zeros(3), "x", None])
def test_divergences(made, value):
    net, batches, pruned = made
    task = like(reference=lambda s, outputs: Says(value))
    with pytest.raises(MdpError, match="The divergence of the task 'own' gives"):
        mdp.score(net, batches, method="calibrated", task=task, progress=False)
    with pytest.raises(MdpError, match="The divergence of the task 'own' gives"):
        mdp.repair(pruned, batches, task=task, progress=False)


def test_a_divergence_that_knows_nothing_makes_no_scores(made):
    net, batches, _ = made
    task = like(reference=lambda s, outputs: Says(torch.tensor(torch.nan)))
    with pytest.raises(MdpError, match="nothing can be told apart"):
        mdp.score(net, batches, method="calibrated", task=task, progress=False)


@pytest.mark.parametrize("value", [7.0, float("nan"), None, "good", torch.zeros(2), -0.1])
def test_qualities(made, value):
    _, batches, pruned = made
    task = like(measure=lambda s, network, batches, dense=None: value)
    with pytest.raises(MdpError, match="a number between 0 and 1"):
        mdp.evaluate(pruned, batches, task=task)
    with pytest.raises(MdpError, match="a number between 0 and 1"):
        mdp.finetune(pruned, batches, batches, task=task, epochs=1, progress=False)


def test_losses_to_train_on(made):
    _, batches, pruned = made
    for value, said in ((None, "gives NoneType"), (torch.tensor(1.0), "has no gradient")):
        task = like(loss=lambda s, o, y, told=None, value=value: value)
        with pytest.raises(MdpError, match=said):
            mdp.finetune(pruned, batches, batches, task=task, epochs=1, progress=False)


def test_names(made):
    net, batches, _ = made
    for fields in ({"name": None}, {"quality": 5}, {"name": "\x1b[31m"}, {"quality": "a\nb"}):
        with pytest.raises(MdpError, match="short text"):
            mdp.score(net, batches, task=like(**fields), progress=False)
    with pytest.raises(MdpError, match="no task"):
        mdp.score(net, batches, task=["match"], progress=False)
