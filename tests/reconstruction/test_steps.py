"""Where a repair goes too far as a whole, a part of the way may be better."""

import pytest
import torch

from mdp.reconstruction import repair
from mdp.reconstruction.choose import _ways
from mdp.reconstruction.layers import Layer
from mdp.reconstruction.plan import Task
from mdp.reconstruction.steps import between
from mdp.surgery import extract

from .test_repair import VIT, pictures, vit  # noqa: F401


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_in_between_are_weights_and_statistics(share):
    begin, end = (torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)) for _ in range(2))
    end[1].running_mean.fill_(8.0)
    made = between(begin, end, share)
    torch.testing.assert_close(made[0].weight, torch.lerp(begin[0].weight, end[0].weight, share))
    assert made[1].running_mean.tolist() == [8 * share] * 3 and begin[1].running_mean.tolist() == [0] * 3


@pytest.mark.parametrize("far, step", [(1.0, 1.0), (2.0, 0.5), (4.0, 0.25)])
def test_of_what_is_worse_as_a_whole_a_part_is_kept(vit, monkeypatch, far, step):  # noqa: F811
    found, _ = vit
    cut = extract(found, {d.name: d.units for d in found.space.dims})
    with torch.no_grad():
        cut.head.bias[0] -= 3.0

    def overdo(network, *_):
        network.head.bias[0] += 3.0 * far
        return {}

    monkeypatch.setattr("mdp.reconstruction.choose.sweep", overdo)
    monkeypatch.setattr("mdp.reconstruction.choose.with_head", lambda *_: None)
    monkeypatch.setattr("mdp.reconstruction.choose.CHEAP", 0)
    network, told = repair(cut, found.model, pictures(VIT))
    assert told.repaired and told.setting["step"] == step
    torch.testing.assert_close(network.head.bias, found.model.head.bias, atol=1e-5, rtol=1e-5)


def test_mobile_networks_keep_their_variance_first():
    def task(groups, norm):
        return Task(Layer("x", 4, 2, 9, groups, norm), torch.arange(2), torch.zeros(1, 1).long(), None)

    assert [way.variance for way in _ways([task(8, "bn")])] == [1.0, 0.0, 0.0]
    assert [way.variance for way in _ways([task(8, ""), task(1, "bn")])] == [0.0, 1.0, 0.0]
