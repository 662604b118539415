"""What cannot be pruned is refused or left whole, in a sentence; never cut into another network."""

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mdp
from mdp.core.errors import MdpError, Unsupported
from mdp.networks.lively import liven
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .odd import Shared, conv, image
from .test_odd_graphs import agree


class Net(nn.Module):
    """Two convolutions, with something between them."""

    def __init__(self, middle=None):
        super().__init__()
        self.a, self.b, self.head = conv(3, 16), conv(16, 16), nn.Linear(16, 3)
        self.middle = middle or nn.ReLU()

    def forward(self, x):
        return self.head(F.relu(self.b(self.middle(self.a(x)))).mean((2, 3)))


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Mixing(nn.Module):
    def forward(self, x):
        return torch.softmax(x, 1) + torch.cumsum(x, 1)


class Baked(Net):
    def forward(self, x):
        return self.head(F.relu(self.b(self.a(x))).mean((2, 3)).reshape(1, 16))


class Hidden(Net):
    """Adds a number that changes from call to call."""

    def forward(self, x):
        return super().forward(x) + torch.rand(1)


class InPlace(Net):
    def forward(self, x):
        x = self.a(x)
        half = x[:, ::2]
        half.mul_(3)  # and with it, x
        y = self.b(x)
        y.add_(x)
        return self.head((F.relu_(y) + x + y).mean((2, 3)))


class Complex(Net):
    def __init__(self):
        super().__init__()
        self.turn = nn.Parameter(torch.ones(16, 1, 1, dtype=torch.complex64))

    def forward(self, x):
        return self.head(F.relu(self.b((self.a(x) * self.turn).abs())).mean((2, 3)))


@dataclass
class Answer:
    scores: torch.Tensor
    features: torch.Tensor


class Dataclass(Net):
    def forward(self, x):
        x = self.b(F.relu(self.a(x)))
        return Answer(scores=self.head(x.mean((2, 3))), features=x)


class Branched(Net):
    """Its own forward branches on the size of the input, which is known."""

    def forward(self, x):
        if x.shape[-1] > 4 and len(x.shape) == 4:
            return super().forward(x)
        raise RuntimeError


def lazy():
    return nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


def quantised():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).eval()
    return torch.ao.quantization.quantize_dynamic(model, {nn.Linear})


def hooked():
    model = Shared()
    model.first.register_forward_hook(lambda module, inputs, output: output * 2)
    return model


def test_hooks_lazy_layers_and_complex_numbers_are_refused():
    x = image()
    with pytest.raises(Unsupported, match=r"hooks on first \(Conv2d\)"):
        mdp.prunable(hooked(), x)
    with pytest.raises(MdpError, match="lazy"):
        mdp.prunable(lazy(), x)
    with pytest.raises(Unsupported, match="complex"):
        mdp.prunable(Complex(), x)


@pytest.mark.filterwarnings("ignore")
def test_quantised_layers_are_refused():
    with pytest.raises(Unsupported, match="quantised"):
        mdp.prunable(quantised(), torch.randn(2, 4))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Baked(), "takes a batch of one alone"),
        (Hidden(), "computes something else than its forward"),
        (InPlace(), "cut, the network computes something else"),
        (Branching(), "depends on the numbers in a tensor"),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 5)), "Nothing in Sequential can be pruned"),
    ],
)
def test_refused_with_the_reason(model, said):
    with pytest.raises(Unsupported, match=said):
        mdp.prunable(model, image()[:1])


@pytest.mark.parametrize("part", [Branching(), Mixing()])
def test_what_cannot_be_followed_stays_whole_and_is_named(part):
    net = mdp.prunable(Net(part), image())
    assert [d.name for d in net.space.dims] == ["b"]
    said = {s.name: s.reason for s in net.space.skipped}
    assert "not known" in said["a"] and type(part).__name__ in said["a"]


@pytest.mark.parametrize("make", [Dataclass, Branched])
def test_odd_but_right(make):
    torch.manual_seed(0)
    model = make().eval()
    liven(model, 0)
    net = mdp.prunable(model, image())
    for seed in range(3):
        plan = random_decision(net, seed)
        if make is Dataclass:
            x = image()
            a, b = extract(net, *plan)(x), mask(net, *plan)(x)
            assert type(a) is Answer and torch.allclose(a.scores, b.scores, atol=1e-5)
            assert torch.allclose(a.features, b.features, atol=1e-4)
        else:
            agree(extract(net, *plan), mask(net, *plan), (image(),))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ("a string", "as a tensor, or as a tuple of tensors"),
        ((), "as a tensor, or as a tuple of tensors"),
        (torch.tensor(3.0), "a first axis for the batch"),
        (torch.randn(0, 3, 8, 8), "not empty"),
        (torch.randn(1, 3, 8, 8, dtype=torch.complex64), "real numbers"),
        (torch.randn(2, 5, 8, 8), "does not take inputs of 2 x 5 x 8 x 8"),
        ((torch.randn(2, 3, 8, 8), torch.randn(3, 4)), "batches of different sizes"),
    ],
)
def test_examples_that_are_none(inputs, said):
    with pytest.raises(MdpError, match=said):
        mdp.prunable(Net(), inputs)


def test_without_an_example_nobody_knows_the_size():
    with pytest.raises(MdpError, match="Give an example"):
        mdp.prunable(Net())
    with pytest.raises(MdpError, match="not both"):
        mdp.prunable(Net(), image(), input_size=(3, 8, 8))
