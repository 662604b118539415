"""Forwards that write in place, ask for lengths or write norms out: followed, or refused with the reason."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mdp
from mdp.core.errors import Unsupported
from mdp.families.traced.preparing import prepared
from mdp.networks.lively import liven
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .odd import image
from .test_odd_graphs import agree
from .written import NETWORKS, Base, FrozenNorm, LayerNorm, Pair, RootNorm


@pytest.mark.parametrize("name", NETWORKS)
def test_extracted_is_masked(name):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    make, inputs, dims, blocks = NETWORKS[name]
    model, inputs = make().eval(), (inputs(),)
    liven(model, 0)
    before = copy.deepcopy(model.state_dict())
    net = mdp.prunable(model, inputs)
    found = len(net.space.dims), len(net.space.blocks)
    assert found == (dims, blocks), (net.space.dims, net.space.blocks, net.space.skipped)
    for seed in range(2):
        choices, removed, order = random_decision(net, seed)
        pruned = extract(net, choices, removed, order)
        assert name != "named tuple" or type(pruned(*inputs)) is Pair
        agree(pruned, mask(net, choices, removed, order), inputs)
        widths = {d.name: choices[d.name] or d.units for d in net.space.dims}
        counted = sum(p.value(widths, set(removed)) for p in net.space.counts["parameters"])
        assert counted == sum(p.numel() for p in pruned.parameters())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())  # it is not changed
    if name == "named tuple":
        assert {s.reason for s in net.space.skipped} == {"they are what the network puts out"}


def test_a_norm_written_out_becomes_the_librarys_of_the_same_numbers():
    for norm, kind in ((LayerNorm(16), "LayerNorm2d"), (FrozenNorm(16), "FrozenBatchNorm2d")):
        model = Base(norm).eval()
        liven(model, 0)
        plain = prepared(model)
        assert type(plain.norm).__name__ == kind and type(model.norm) is type(norm)
        assert {n: t.data_ptr() for n, t in plain.state_dict().items()} == {
            n: t.data_ptr() for n, t in model.state_dict().items()
        }
        x = image()
        torch.testing.assert_close(plain(x), model(x))


class Clipped(RootNorm):
    """No norm of any library."""

    def forward(self, x):
        return super().forward(x).clamp(-1, 1)


class Apart(Base):
    """Writes into a part of a tensor that it uses as a whole."""

    def forward(self, x):
        x = F.relu(self.a(x))
        part = x[:, :8]
        part[:] = 0
        return self.end(self.b(x))


class Average(Base):
    """A running mean that every call moves on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(16))

    def forward(self, x):
        x = F.relu(self.a(x))
        self.mean += x.mean((0, 2, 3))
        return self.end(self.b(x - self.mean.view(1, -1, 1, 1)))


class OneByOne(Base):
    def forward(self, x):
        return torch.cat([super(OneByOne, self).forward(one[None]) for one in x])


class Spread(Base):
    def forward(self, x):
        def stacked(*parts):
            return torch.stack(parts)

        return super().forward(stacked(*x))


class Foreign(Base):
    def forward(self, x):
        numbers = bytearray(x.numpy().tobytes())
        return super().forward(torch.frombuffer(numbers, dtype=torch.float32).view_as(x))


@torch.jit.script
def halved(x):
    while bool(x.abs().max() > 1):
        x = x / 2
    return x


class Looping(Base):
    """A scripted function with a loop on numbers."""

    def forward(self, x):
        return super().forward(halved(x))


class Silent(Base):
    def forward(self, x):
        super().forward(x)


class Broken(Base):
    """Holds a number that is none."""

    def __init__(self):
        super().__init__()
        self.b.weight.data[0, 0, 0, 0] = torch.nan


class Shouting(Base):
    def forward(self, x):
        raise ValueError("x" * 5000)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Apart, "writes into a part of a tensor and uses the whole"),
        (Average, "every call changes it|changes from call to call"),
        (OneByOne, "goes through its batch one by one"),
        (Spread, "goes through its batch one by one"),
        (Looping, "takes nothing but real tensors"),
        (Foreign, "depends on the numbers in a tensor"),
        (Silent, "gives no tensor"),
        (Broken, "b.weight holds numbers that are not finite"),
    ],
)
def test_refused_with_the_reason(make, said):
    with pytest.raises(Unsupported, match=said) as caught:
        mdp.prunable(make().eval(), image())
    assert len(str(caught.value)) < 400


def test_what_is_no_norm_stays_a_graph():
    model = nn.Sequential(
        nn.Linear(6, 12), Clipped(12), nn.Linear(12, 20), nn.ReLU(), nn.Linear(20, 3)
    ).eval()
    assert prepared(model) is model
    assert [d.name for d in mdp.prunable(model, torch.randn(2, 6)).space.dims] == ["2"]


def test_what_a_stranger_shouts_is_cut_short():
    with pytest.raises(mdp.MdpError, match="xxx…") as caught:
        mdp.prunable(Shouting().eval(), image())
    assert len(str(caught.value)) < 500


def test_tracing_leaves_no_name_behind():
    zeros = torch.zeros
    mdp.prunable(NETWORKS["zeros on the shortcut"][0]().eval(), image())
    from . import written

    assert torch.zeros is zeros and "len" not in vars(written)


class Sensitive(Base):
    """Doubles the last digits of its sums again and again."""

    def forward(self, x):
        x = torch.sigmoid(super().forward(x))
        for _ in range(17):
            x = 3.9 * x * (1 - x)
        return x


def test_rounding_that_grows_is_no_fault():
    torch.manual_seed(0)
    assert [d.name for d in mdp.prunable(Sensitive().eval(), image()).space.dims] == ["a", "b"]


class Bare(Base):
    """A convolution as a function of a weight that no layer holds, and layers that nothing is known of."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 3, 1, 1))
        self.words, self.join = nn.EmbeddingBag(9, 6), nn.Bilinear(6, 16, 8)

    def forward(self, x):
        words = self.words(torch.zeros(x.shape[0], 2, dtype=torch.int64))
        x = F.relu(self.a(F.conv2d(x, self.w)))
        return super().end(self.b(x)) + self.join(words, x.mean((2, 3))).mean(1, keepdim=True)


def test_what_makes_channels_and_is_not_known_is_named():
    whole = {s.name: s.reason for s in mdp.prunable(Bare().eval(), image()).space.skipped}
    assert whole["w"] == "they are made by the step conv2d of Bare (the network itself), which is not known"
    assert whole["words"] == "they are made by EmbeddingBag (words), which is not known"
    assert whole["join"] == "they are made by Bilinear (join), which is not known"
