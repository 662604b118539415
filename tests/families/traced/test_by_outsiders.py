"""What outsiders' networks showed: computed and shared weights, masks, learned tokens, baked batches."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

import mdp
from mdp.core.errors import MdpError, Unsupported
from mdp.networks.lively import liven
from mdp.surgery import deploy, extract, mask
from mdp.surgery.check import random_decision

IMAGES = torch.randn(2, 3, 8, 8)
TOKENS = torch.randn(2, 7, 6)


def right(model, *inputs, seeds=(0, 1)):
    """The pruned network of the last seed, once it and those of the others computed what masked ones do."""
    liven(model.eval(), 0)
    net = mdp.prunable(model, inputs)
    for seed in seeds:
        decision = random_decision(net, seed)
        pruned = extract(net, *decision)
        with torch.no_grad():
            a, b = pruned(*inputs), mask(net, *decision)(*inputs)
        assert (a - b).abs().max() <= 1e-4 * b.abs().max()
        widths = {d.name: decision[0][d.name] or d.units for d in net.space.dims}
        counted = sum(p.value(widths, set(decision[1])) for p in net.space.counts["parameters"])
        assert counted == sum(p.numel() for p in pruned.parameters())
    return net, pruned


class Computed(nn.Module):
    def __init__(self, weight, spectral):
        super().__init__()
        self.a = weight(nn.Conv2d(3, 16, 3, padding=1))
        self.b = spectral(nn.Conv2d(16, 12, 3))
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        return self.head(F.relu(self.b(F.relu(self.a(x)))).mean((2, 3)))


@pytest.mark.filterwarnings("ignore:.*deprecated")
@pytest.mark.parametrize("old", [False, True])
def test_computed_weights_are_cut_and_the_network_stays_as_it_was(old, tmp_path):
    where = nn.utils if old else parametrizations
    model = Computed(where.weight_norm, where.spectral_norm)
    model(IMAGES).sum().backward()  # the older ones keep what they computed, with its history
    model.eval()
    net, pruned = right(model, IMAGES)
    assert {d.name for d in net.space.dims} == {"a", "b"}
    whole = extract(net, {d.name: d.units for d in net.space.dims}, [])
    assert torch.allclose(model(IMAGES), whole(IMAGES), atol=1e-5)
    model.train()(IMAGES).sum().backward()
    mdp.save(pruned, tmp_path)
    again = mdp.load(tmp_path, dense=Computed(where.weight_norm, where.spectral_norm))
    assert torch.allclose(again(IMAGES), pruned(IMAGES))


def test_a_frozen_computed_weight_is_a_parameter_too():
    model = Computed(parametrizations.weight_norm, parametrizations.spectral_norm).requires_grad_(False)
    right(model, IMAGES)


class Kept(nn.Module):
    """Keeps what it computed last, with its history."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 12, 3), nn.Linear(12, 3)

    def forward(self, x):
        self.last = {"features": [self.a(x)]}
        return self.head(self.b(self.last["features"][0].relu()).mean((2, 3)))


def test_a_network_that_keeps_its_last_features_can_be_copied():
    model = Kept()
    model(IMAGES)
    right(model, IMAGES)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 16)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.head = nn.Linear(16, 9, bias=False)
        self.head.weight = self.table.weight
        self.register_buffer("future", torch.triu(torch.full((5, 5), -torch.inf), 1))

    def forward(self, words):
        x = self.table(words)
        x = x + self.mlp(F.scaled_dot_product_attention(x, x, x, attn_mask=self.future))
        return self.head(x)


def test_shared_weights_and_infinite_masks_are_saved_and_loaded(tmp_path):
    words = torch.randint(0, 9, (2, 5))
    _, pruned = right(Tied(), words)
    mdp.save(pruned, tmp_path)
    again = mdp.load(tmp_path, dense=Tied())
    assert torch.equal(again(words), pruned(words))
    assert again.head.weight is again.table.weight and again.head.weight.requires_grad


def test_a_number_that_is_none_is_refused_as_ever(tmp_path):
    _, pruned = right(Tied(), torch.randint(0, 9, (2, 5)))
    with torch.no_grad():
        pruned.get_parameter("mlp.0.weight")[0, 0] = torch.inf
    mdp.save(pruned, tmp_path)
    with pytest.raises(MdpError, match="not finite"):
        mdp.load(tmp_path, dense=Tied())


class Masked(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, self.embed, self.head = kind, nn.Linear(6, 32), nn.Linear(32, 3)
        layer = nn.TransformerEncoderLayer(32, 4, 48, batch_first=True)
        self.attend = nn.MultiheadAttention(32, 4, batch_first=True) if kind != "encoder" else None
        self.encoder = nn.TransformerEncoder(layer, 1) if kind == "encoder" else None

    def forward(self, x, padding=None):
        x, many = self.embed(x), x.shape[1]
        future = torch.triu(torch.ones(many, many, dtype=torch.bool), 1)
        hidden = None if padding is None else padding > 0.5
        if self.kind == "encoder":
            return self.head(self.encoder(x, mask=future, src_key_padding_mask=hidden))
        y, weights = self.attend(x, x, x, attn_mask=future, key_padding_mask=hidden)
        return self.head(x + y) + weights.sum((1, 2))[:, None, None]


@pytest.mark.filterwarnings("ignore:Support for mismatched", "ignore:The PyTorch API of nested")
@pytest.mark.parametrize("kind", ["encoder", "attention"])
@pytest.mark.parametrize("padded", [False, True])
def test_torchs_own_attention_with_masks(kind, padded):
    padding = torch.zeros(2, 7)
    padding[0, 5:] = 1
    net, _ = right(Masked(kind), *((TOKENS, padding) if padded else (TOKENS,)))
    assert "embed" in {d.name for d in net.space.dims}
    if kind == "encoder":
        assert "encoder.layers.0.self_attn.heads" in {d.name for d in net.space.dims}


class Latents(nn.Module):
    """A few learned tokens ask the inputs: what they ask with depends on no input."""

    def __init__(self):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(1, 3, 16))
        self.embed, self.ask, self.tell = nn.Linear(6, 24), nn.Linear(16, 32), nn.Linear(24, 64)
        self.out, self.head = nn.Linear(32, 16), nn.Linear(16, 3)

    def forward(self, x):
        z = self.latents.expand(x.shape[0], -1, -1)
        q, (k, v) = self.ask(z), self.tell(self.embed(x)).chunk(2, -1)
        q, k, v = (t.unflatten(-1, (4, 8)).transpose(1, 2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.head((z + self.out(y)).mean(1))


class Spread(nn.Module):
    """A number that is read out of a tensor."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 12, 3), nn.Linear(12, 3)

    def forward(self, x):
        x = F.relu(self.a(x))
        return self.head(F.relu(self.b(x) * float(x.std())).mean((2, 3)))


@pytest.mark.parametrize(("make", "example"), [(Latents, TOKENS), (Spread, IMAGES)])
def test_what_depends_on_no_input_is_timed_and_counted(make, example):
    net, _ = right(make(), example)
    options, macs = {d.name: d.options for d in net.space.dims}, 0.0
    for segment in net.segments:
        for i in (0, -1):
            workload = segment.at(*(options[d][i] for d in segment.dims))
            workload.make()(*(torch.randn(2, *shape) for shape in workload.inputs))
        macs += workload.macs
    dense = {d.name: d.units for d in net.space.dims}
    assert macs == sum(p.value(dense) for p in net.space.counts["macs"])


class Decoding(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.neck = nn.Conv2d(16, 24, 1)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(24, 4, 32, batch_first=True), 1)
        self.queries, self.head = nn.Embedding(5, 24), nn.Linear(24, 3)

    def forward(self, x):
        x = self.neck(self.stem(x)).flatten(2).mT
        return self.head(self.decoder(self.queries.weight.expand(len(x), -1, -1), x))


def test_what_no_trace_goes_through_is_deployed_all_the_same():
    _, pruned = right(Decoding(), IMAGES)
    deployed = deploy(pruned)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in deployed.modules())
    assert torch.allclose(deployed(IMAGES), pruned(IMAGES), atol=1e-4)


class Baked(nn.Module):
    def __init__(self, batch):
        super().__init__()
        self.a, self.head, self.batch = nn.Conv2d(3, 16, 3), nn.Linear(16, 3), batch

    def forward(self, x):
        return self.head(self.a(x).relu().reshape(self.batch, 16, 36).mean(2))


@pytest.mark.parametrize(
    ("batch", "said"), [(1, "a batch of one alone"), (2, "does not take a batch of one"), (3, "of 3 alone")]
)
def test_a_baked_batch_is_said_as_it_is(batch, said):
    with pytest.raises(Unsupported, match=f"{said} .*size of the batch"):
        mdp.prunable(Baked(batch), torch.randn(batch, 3, 8, 8))


class ByImage(nn.Module):
    """Goes through the batch by a loop over its size, which a trace unrolls."""

    def __init__(self):
        super().__init__()
        self.a, self.head = nn.Conv2d(3, 16, 3), nn.Linear(16, 3)

    def forward(self, x):
        x = self.a(x).relu()
        means = torch.stack([x[i].mean((1, 2)) for i in range(x.shape[0])])
        return self.head(means).view(x.shape[0], 3)


class Bare(nn.Module):
    """A convolution of a bare tensor makes channels that nothing is known of."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(12, 3, 3, 3))

    def forward(self, x):
        return nn.functional.conv2d(x, self.kernel).mean((2, 3))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (ByImage, "two fails with three .*without a loop over the batch"),
        (Bare, "they are made by the step conv2d"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words(make, said):
    with pytest.raises(Unsupported, match=said):
        mdp.prunable(make(), IMAGES)


def test_a_dense_network_that_ran_with_gradients_teaches_and_is_matched():
    """The older weight norm keeps its weight of the last forward, which no plain copy takes."""
    wide = nn.utils.weight_norm(nn.Conv2d(3, 16, 3))
    model = nn.Sequential(wide, nn.ReLU(), nn.Flatten(), nn.Linear(16 * 36, 3)).eval()
    net = mdp.prunable(model, IMAGES)
    pruned = extract(net, *random_decision(net, 0))
    batches = [torch.randn(8, 3, 8, 8) for _ in range(4)]
    model(IMAGES).sum().backward()
    mdp.repair(pruned, batches, dense=model, task="match", progress=False)
    mdp.finetune(pruned, batches, batches, teacher=model, epochs=1, task="match", progress=False)


class InPlace(nn.Module):
    """Runs, and has no gradient: what relu gave is written over."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 12, 3), nn.Conv2d(12, 8, 3), nn.Linear(8, 3)

    def forward(self, x):
        x = self.a(x).relu()
        x.mul_(2)
        return self.head(self.b(x).mean((2, 3)))


def test_a_network_without_a_gradient_is_refused_in_words():
    net = mdp.prunable(InPlace().eval(), IMAGES)
    batches = [torch.randn(8, 3, 8, 8) for _ in range(2)]
    with pytest.raises(mdp.MdpError, match="This InPlace runs, but has no gradient"):
        mdp.score(net, batches, method="taylor", task="match", progress=False)
    pruned = extract(net, *random_decision(net, 0))
    with pytest.raises(mdp.MdpError, match="has no gradient"):
        mdp.finetune(pruned, batches, batches, teacher=net.model, epochs=1, task="match", progress=False)
    assert mdp.score(net, method="magnitude", progress=False).order
