"""The classifier fitted to the dense network's answers."""

import torch
from torch import nn
from torch.nn import functional as F

from mdp.core.progress import Reporter
from mdp.reconstruction.gram import Gram
from mdp.reconstruction.head import with_head


def network(features=12, classes=5, bias=True):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, features), nn.ReLU(), nn.Linear(features, classes, bias))


def apart(network, images, dense):
    with torch.no_grad():
        ours = network(images).log_softmax(1)
    return float(F.kl_div(ours, dense.log_softmax(1), reduction="batchmean", log_target=True))


def test_it_answers_more_as_the_dense_network_does():
    random = torch.Generator().manual_seed(1)
    images, others = torch.randn(2, 400, 1, 4, 4, generator=random)
    for bias in (True, False):
        dense, pruned = network(bias=bias).eval(), network(bias=bias).eval()
        with torch.no_grad():
            dense[3].weight.mul_(5)
            pruned[1].weight[4:].zero_()
            wanted, unseen = dense(images), dense(others)
        better = with_head(pruned, images, wanted, Reporter())
        assert better is not pruned and torch.equal(better[1].weight, pruned[1].weight)
        assert apart(better, others, unseen) < 0.8 * apart(pruned, others, unseen)


def test_few_images_say_nothing_of_other_directions():
    random = torch.Generator().manual_seed(1)
    images = torch.randn(12, 1, 4, 4, generator=random)
    dense, pruned = network(40).eval(), network(40).eval()
    with torch.no_grad():
        pruned[3].weight.add_(0.3 * torch.randn(5, 40, generator=random))
        wanted, seen = dense(images), pruned[:3](images)
    better = with_head(pruned, images, wanted, Reporter())
    change = (better[3].weight - pruned[3].weight).detach()
    assert change.abs().max() > 1e-3
    unseen = torch.linalg.svd(seen - seen.mean(0), full_matrices=True)[2][12:]
    assert (change @ unseen.T).abs().max() < 1e-5
    assert apart(better, images, wanted) < apart(pruned, images, wanted)


def test_a_network_that_ends_otherwise_is_left_alone():
    images = torch.randn(20, 1, 4, 4)
    bent = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.Tanh()).eval()
    assert with_head(bent, images, torch.randn(20, 5), Reporter()) is None
    assert with_head(nn.Sequential(nn.Flatten()), images, torch.randn(20, 16), Reporter()) is None
    assert with_head(network().eval(), images, torch.randn(20, 7), Reporter()) is None


def test_each_layer_takes_the_ridge_that_does_best_on_rows_held_back():
    random = torch.Generator().manual_seed(0)
    ridges, zero = (1.0, 1e-6), torch.zeros(1, 1, 3).double()
    old = torch.zeros(1, 3, 20).double()
    true = torch.randn(20, 3, generator=random)
    for noise, expected in ((0.0, 1e-6), (30.0, 1.0)):
        gram = Gram()
        for held in (False, True):
            x = torch.randn(1, 30, 20, generator=random)
            gram.add(x, x @ true + noise * torch.randn(1, 30, 3, generator=random), held)
        assert gram.best_ridge(old, zero, ridges, centred=True) == expected
    assert Gram().best_ridge(old, zero, ridges, centred=True) == 1.0
