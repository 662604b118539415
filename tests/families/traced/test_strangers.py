"""What networks of strangers showed: numbers drawn in __init__, counting forwards, training, baked heads."""

import copy
from dataclasses import dataclass

import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mdp
from mdp.core.errors import BadFile, Unsupported
from mdp.families.traced.in_training import OTHER_WAY
from mdp.families.traced.step_tracer import StepTracer
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .test_by_outsiders import right

IMAGES = torch.randn(2, 3, 8, 8)
TOKENS = torch.randn(2, 7, 6)


class Net(nn.Module):
    """Two convolutions; what is between them is for the others to say."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 12, 3), nn.Linear(12, 3)

    def between(self, x):
        return x

    def forward(self, x):
        return self.head(F.relu(self.b(self.between(F.relu(self.a(x))))).mean((2, 3)))


class Picking(Net):
    """Picks channels by numbers that its seed draws, held in different ways."""

    def __init__(self, seed, how):
        super().__init__()
        order = torch.randperm(16, generator=torch.Generator().manual_seed(seed))
        self.how, self.order, self.start = how, order.tolist(), 1 + seed
        self.register_buffer("table", order if how != "mask" else order < 8, persistent=how != "kept out")
        if how in ("mask", "bound"):
            self.b = nn.Conv2d(8, 12, 3)

    def between(self, x):
        if self.how == "list":
            return x[:, self.order]
        if self.how == "bound":
            return x[:, self.start : self.start + 8]
        if self.how == "roll":
            return x.roll(self.start, 1)
        return x.index_select(1, self.table) if self.how == "select" else x[:, self.table]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        *((how, "table picks by number") for how in ("buffer", "kept out", "mask", "select")),
        *((how, "its forward picks by number") for how in ("list", "bound", "roll")),
    ],
)
def test_another_permutation_is_another_network(how, said, tmp_path):
    _, pruned = right(Picking(1, how), IMAGES)
    mdp.save(pruned, tmp_path)
    assert torch.equal(mdp.load(tmp_path, dense=Picking(1, how))(IMAGES), pruned(IMAGES))
    with pytest.raises(BadFile, match=said):
        mdp.load(tmp_path, dense=Picking(2, how))


def test_a_file_without_hashes_is_loaded_as_ever(tmp_path):
    _, pruned = right(Picking(1, "buffer"), IMAGES)
    mdp.save(pruned, tmp_path)
    path = tmp_path / "architecture.json"
    path.write_text(path.read_text().replace('"fixed"', '"earlier"'))
    assert torch.equal(mdp.load(tmp_path, dense=Picking(1, "buffer"))(IMAGES), pruned(IMAGES))
    path.write_text(path.read_text().replace('"earlier": {', '"fixed": [{').replace("}\n}", "}]\n}"))
    with pytest.raises(BadFile):
        mdp.load(tmp_path, dense=Picking(1, "buffer"))


class Counting(Net):
    def __init__(self):
        super().__init__()
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.calls = 0

    def between(self, x):
        self.steps += 1
        self.calls += 1
        return x + 0 * torch.rand(())


@pytest.mark.parametrize("training", [False, True])
def test_the_callers_module_comes_out_as_it_went_in(training):
    model = Counting().train(training)
    model.b.eval()
    model.a.requires_grad_(False)
    modes = [m.training for m in model.modules()]
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    mdp.prunable(model, IMAGES)
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert model.calls == 0 and [m.training for m in model.modules()] == modes
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True, True, True]
    assert torch.equal(torch.get_rng_state(), random)


class Clipped(Net):
    def between(self, x):
        self.b.weight.data.clamp_(-0.01, 0.01)
        return x


def test_a_forward_that_writes_into_its_weights_is_refused_before_it_does():
    model = Clipped()
    before = model.b.weight.clone()
    with pytest.raises(Unsupported, match=r"writes into its parameter b\.weight"):
        mdp.prunable(model, IMAGES)
    assert torch.equal(model.b.weight, before)


class Dropping(Net):
    def between(self, x):
        return F.dropout(x, 0.5, self.training)


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 24, dropout=0.5, batch_first=True)
        self.embed, self.encoder, self.head = (
            nn.Linear(6, 16),
            nn.TransformerEncoder(layer, 1),
            nn.Linear(16, 3),
        )

    def forward(self, x):
        return self.head(self.encoder(self.embed(x)))


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize(("make", "x"), [(Dropping, IMAGES), (Attending, TOKENS)])
def test_dropout_that_asks_for_training_drops_in_training(make, x, tmp_path):
    net, pruned = right(make(), x)
    assert all(s.reason != OTHER_WAY for s in net.space.skipped)
    mdp.save(pruned, tmp_path)
    for network in (pruned, copy.deepcopy(pruned), mdp.load(tmp_path, dense=make())):
        network.train()
        for module in network.modules():
            module.training = module.training and not isinstance(module, nn.Dropout)
        assert not torch.equal(network(x), network(x))
        network.eval()
        assert torch.equal(network(x), network(x))


class Noisy(Net):
    def between(self, x):
        x = F.dropout(x, 0.5, self.training)
        if self.training:
            x = x + torch.randn_like(x)
        return x


class Auxiliary(Net):
    """In training it wants something that no evaluation has."""

    def forward(self, x, targets=None):
        if self.training:
            return F.mse_loss(super().forward(x), targets)
        return super().forward(x)


@pytest.mark.parametrize("make", [Noisy, Auxiliary])
def test_another_way_in_training_is_told(make):
    net, pruned = right(make(), IMAGES)
    assert [s.name for s in net.space.skipped if s.reason == OTHER_WAY] == [make.__name__]
    pruned.train()
    assert torch.equal(pruned(IMAGES), pruned(IMAGES)) == (make is Auxiliary)  # dropout drops all the same


class HeadsBeside(nn.Module):
    """Heads stand beside the batch, for `bmm`."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.head = (
            nn.Linear(6, 32),
            nn.Linear(6, 32),
            nn.Linear(6, 32),
            nn.Linear(32, 3),
        )

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = (
            layer(x).view(b, n, 4, 8).transpose(1, 2).reshape(b * 4, n, 8)
            for layer in (self.q, self.k, self.v)
        )
        y = torch.bmm(torch.bmm(q, k.transpose(1, 2)).softmax(-1), v)
        return self.head(y.view(b, 4, n, 8).transpose(1, 2).reshape(b, n, 32))


def test_heads_beside_the_batch_are_cut_for_any_batch():
    model = HeadsBeside()
    net, _ = right(model, TOKENS)
    assert "q.heads" in {d.name for d in net.space.dims}
    for seed in range(3):
        plan = random_decision(net, seed)
        for batch in (1, 5):
            x = torch.randn(batch, 7, 6)
            assert torch.allclose(extract(net, *plan)(x), mask(net, *plan)(x), atol=1e-4)


class Valid(Net):
    """Divides by how much of a mask is valid, and by a number of frames."""

    def forward(self, x, valid, frames):
        x = F.relu(self.b(F.relu(self.a(x)))) * valid[:, None, None]
        return self.head(x.sum((2, 3)) / valid.sum(1, keepdim=True) / frames[:, None])


def test_inputs_that_noughts_are_no_example_of_are_loaded_again(tmp_path):
    inputs = (IMAGES, torch.ones(2, 4, dtype=torch.bool), torch.full((2,), 3))
    _, pruned = right(Valid(), *inputs)
    mdp.save(pruned, tmp_path)
    assert torch.equal(mdp.load(tmp_path, dense=Valid())(*inputs), pruned(*inputs))


@dataclass
class Answer:
    scores: torch.Tensor
    places: int


class Numbered(Net):
    def __init__(self, own):
        super().__init__()
        self.own = own

    def forward(self, x):
        scores = super().forward(x)
        return (
            Answer(scores, x.shape[2])
            if self.own
            else {"scores": scores, "places": x.shape[2], "of": "a map"}
        )


@pytest.mark.parametrize("own", [False, True])
def test_numbers_in_an_answer_are_left_out_of_onnx_and_it_is_said(own, tmp_path):
    net = mdp.prunable(Numbered(own).eval(), IMAGES)
    pruned = extract(net, *random_decision(net, 0))
    with pytest.warns(UserWarning, match=r"left out of what Numbered gives were .*8"):
        path = mdp.export_onnx(pruned, tmp_path / "net.onnx")
    (scores,) = onnxruntime.InferenceSession(path).run(None, {"images": IMAGES[:1].numpy()})
    expected = pruned(IMAGES[:1])
    expected = expected.scores if own else expected["scores"]
    assert torch.allclose(torch.from_numpy(scores), expected, atol=1e-4)


class Stage(nn.Module):
    """Residual blocks whose sum is written over; the value before the second is read once more."""

    def __init__(self, how):
        super().__init__()
        self.how, self.a, self.head = how, nn.Conv2d(3, 16, 3), nn.Linear(32, 3)
        self.blocks = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1) for _ in range(3))
        self.relu, self.drop = nn.ReLU(inplace=True), nn.Dropout(0.5)

    def over(self, x):
        if self.how == "module":
            return self.relu(x)
        if self.how == "through others":
            return self.relu(self.drop(x).flatten(2)).view_as(x)
        return x.relu_() if self.how == "method" else F.relu(x, inplace=True)

    def forward(self, x):
        x = first = self.over(self.a(x))
        for block in self.blocks:
            x = self.over(x + block(x))
        return self.head(torch.cat([first, x], 1).mean((2, 3)))


@pytest.mark.parametrize("how", ["module", "through others", "method", "function"])
def test_where_blocks_are_gone_nothing_is_written_over(how):
    net, _ = right(Stage(how), IMAGES)
    blocks = [b.name for b in net.space.blocks]
    assert len(blocks) == 3
    pruned = extract(net, {d.name: d.units for d in net.space.dims}, blocks)
    pruned.train()(IMAGES).square().sum().backward()
    assert all(p.grad is not None for p in pruned.parameters())


class LongChain(nn.Module):
    """As NFNets write it: the branch is scaled and added to in place, thirty times."""

    def __init__(self):
        super().__init__()
        self.a, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 3)
        self.blocks = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(30))

    def forward(self, x):
        x = self.a(x)
        for block in self.blocks:
            x = block(F.relu(x)).mul_(0.5).add_(x)
        return self.head(x.mean((2, 3)))


def test_a_long_chain_of_sums_in_place_ends_and_nothing_is_copied_for_it():
    net, _ = right(LongChain(), IMAGES)
    blocks = [b.name for b in net.space.blocks]
    assert len(blocks) == 30
    pruned = extract(net, {d.name: d.units for d in net.space.dims}, blocks[::2])
    assert "clone" not in pruned.code
    pruned.train()(IMAGES).square().sum().backward()


@pytest.mark.parametrize("part", [False, True])
def test_a_compiled_module_is_refused_before_it_is_compiled(part):
    model = Net()
    if part:
        model.b = torch.compile(model.b)
    with pytest.raises(Unsupported, match=r"compiled by torch\.compile.*_orig_mod"):
        mdp.prunable(model if part else torch.compile(model), IMAGES)


class DropPath(nn.Module):
    """As everybody writes it."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if self.rate == 0.0 or not self.training:
            return x
        return x * (torch.rand(x.shape[0], 1, 1, 1) >= self.rate) / (1 - self.rate)


class Deep(Net):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1)
        )
        self.drop = DropPath(0.5)

    def between(self, x):
        return x + self.drop(self.block(x))


def test_a_drop_of_paths_of_ones_own_drops_in_training(tmp_path):
    net, _ = right(Deep(), IMAGES)
    assert not any(s.reason == OTHER_WAY for s in net.space.skipped)
    assert [b.name for b in net.space.blocks] == ["block"]
    pruned = extract(net, *random_decision(net, 0, remove=False)).train()
    x = torch.randn(64, 3, 8, 8)
    assert not torch.equal(pruned(x), pruned(x))
    mdp.save(pruned, tmp_path)
    again = mdp.load(tmp_path, dense=Deep())
    assert torch.allclose(again(x), pruned.eval()(x), atol=1e-6)
    assert not torch.equal(again.train()(x), again(x))


class Switched(Net):
    """Notes something of its own where others note that they train."""

    def train(self, mode=True):
        self.noisy = mode
        return super().train(mode)

    def between(self, x):
        return F.dropout(x, 0.5, self.noisy)


def test_a_module_that_switches_otherwise_is_followed_in_training():
    _, pruned = right(Switched(), IMAGES)
    pruned.train()
    assert not torch.equal(pruned(IMAGES), pruned(IMAGES))


@pytest.mark.parametrize(("make", "times"), [(Net, 1), (Deep, 1), (Dropping, 2), (Switched, 2)])
def test_a_forward_that_never_asks_is_traced_once(make, times, monkeypatch):
    traced = []
    trace = StepTracer.trace

    def counted(self, root, *more):
        traced.append(root)
        return trace(self, root, *more)

    monkeypatch.setattr(StepTracer, "trace", counted)
    mdp.prunable(make().eval(), IMAGES)
    assert len(traced) == times and "training" not in vars(nn.Module)
