"""Layers that run more than once: the rows of all their runs are pooled."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mdp
from mdp.core.progress import Reporter
from mdp.reconstruction import Setting, repair
from mdp.reconstruction.layers import survey
from mdp.reconstruction.plan import Task
from mdp.reconstruction.rows import draw
from mdp.reconstruction.sweep import sweep
from mdp.reconstruction.targets import targets
from mdp.surgery import extract


class Levels(nn.Module):
    """One head for two levels, as a RetinaNet has it, and something behind that runs once."""

    def __init__(self):
        super().__init__()
        self.stem, self.first = nn.Conv2d(3, 24, 3, padding=1), nn.Conv2d(24, 24, 3, padding=1)
        self.norm, self.out, self.sum = nn.BatchNorm2d(24), nn.Conv2d(24, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        found = [self.out(F.relu(self.norm(self.first(y)))) for y in (x, F.avg_pool2d(x, 2))]
        return found, self.sum(found[1].mean((2, 3)))


def images(count=48):
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def off(a, b):
    """How far answers are from each other, of the second's size: by level, then of the sum."""
    with torch.no_grad():
        pairs = zip([*a[0], a[1]], [*b[0], b[1]], strict=True)
        return [float((x - y).norm() / y.norm()) for x, y in pairs]


def made(seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    dense = Levels().eval()
    dense.norm.running_mean.uniform_(-0.2, 0.2)
    return dense


def test_a_survey_says_how_often_and_how_large():
    found = {layer.name: layer for layer in survey(made(), images(2)).layers}
    assert found["first"].runs == ((64, 8), (16, 4)) and found["first"].norm == "norm"
    assert found["stem"].runs == ((64, 8),) and not found["stem"].more


@pytest.mark.parametrize("ridges", [(), (1e-2, 1e-9)])
def test_weights_are_found_again_that_fit_all_runs(ridges):
    dense, x = made(), images(160)
    cut = copy.deepcopy(dense)
    with torch.no_grad():
        for layer in (cut.first, cut.out):
            layer.weight.mul_(0.5).add_(0.05 * torch.randn(layer.weight.shape))
            layer.bias.add_(0.3)
    layers = {layer.name: layer for layer in survey(cut, x[:2]).layers}
    todo = []
    for name in ("first", "out"):
        at = [draw(len(x), places, 10**6, 0) for places, _ in layers[name].runs]
        todo.append(
            Task(layers[name], torch.arange(len(cut.get_submodule(name).weight)), at[0], None, (at[1],))
        )
    wanted = targets(dense, x, todo, Reporter())
    assert len(wanted.outputs["first"]) == len(x) * (64 + 16)
    assert sweep(cut, x, todo, wanted, Setting(ridge=1e-9, ridges=ridges), Reporter()) == {}
    assert max(off(cut(x), dense(x))) < 1e-3


def test_a_pruned_head_of_several_levels_is_repaired():
    dense, x = made(1), images(96)
    net = mdp.prunable(dense, x[:2])
    choices = {d.name: d.units // 2 for d in net.space.dims}
    order = {d.name: torch.arange(d.units).numpy() for d in net.space.dims}
    pruned = extract(net, choices, [], order)
    repaired, told = repair(pruned, dense, [x[:48], x[48:]], task="match")
    assert told.repaired and told.layers == 4 and not told.skipped
    new = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    before, after = off(pruned(new), dense(new)), off(repaired(new), dense(new))
    assert all(b < 0.6 * a for a, b in zip(before, after, strict=True)), (before, after)


class Once(Levels):
    """Looks at one level alone."""

    def forward(self, x):
        y = F.relu(self.stem(x))
        found = self.out(F.relu(self.norm(self.first(y))))
        return [found, found], self.sum(found.mean((2, 3)))


def test_a_layer_that_the_dense_network_runs_another_number_of_times_is_left_alone():
    dense, x = made(), images(32)
    cut, once = copy.deepcopy(dense), Once().eval()
    once.load_state_dict(dense.state_dict())
    layer = next(one for one in survey(cut, x[:2]).layers if one.name == "first")
    at = [draw(len(x), places, 10**6, 0) for places, _ in layer.runs]
    task = Task(layer, torch.arange(24), at[0], None, (at[1],))
    wanted = targets(once, x, [task], Reporter())
    assert "another number of times" in sweep(cut, x, [task], wanted, Setting(), Reporter())["first"]
    assert torch.equal(cut.first.weight, dense.first.weight)
