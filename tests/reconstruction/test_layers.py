"""One layer at a time: the rows that its outputs are computed from, and the least squares over them."""

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from mdp.core.progress import Reporter
from mdp.reconstruction.gram import Gram
from mdp.reconstruction.layers import Layer, survey
from mdp.reconstruction.plan import Task
from mdp.reconstruction.rows import draw, input_rows, output_axis, places, rows_at, weight_rows
from mdp.reconstruction.solved import Setting
from mdp.reconstruction.sweep import sweep
from mdp.reconstruction.targets import Targets, targets

LAYERS = {
    "linear": (nn.Linear(6, 5), (4, 7, 6)),
    "linear of vectors": (nn.Linear(6, 5, bias=False), (4, 6)),
    "1x1": (nn.Conv2d(6, 5, 1), (4, 6, 5, 4)),
    "strided 1x1": (nn.Conv2d(6, 5, 1, stride=2), (4, 6, 5, 4)),
    "3x3": (nn.Conv2d(6, 5, 3, stride=2, padding=1, bias=False), (4, 6, 9, 8)),
    "dilated": (nn.Conv2d(6, 5, (3, 2), dilation=2, padding=2), (4, 6, 9, 8)),
    "grouped": (nn.Conv2d(6, 4, 3, groups=2, padding=1), (4, 6, 5, 6)),
    "depthwise": (nn.Conv2d(6, 6, 3, groups=6, bias=False), (4, 6, 5, 6)),
    "same": (Conv2dSame(6, 5, 3, stride=2), (4, 6, 8, 7)),
    "reflected": (nn.Conv2d(6, 5, 3, padding=1, padding_mode="reflect"), (4, 6, 5, 6)),
    "padded same": (nn.Conv2d(6, 5, 4, padding="same"), (4, 6, 5, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_rows_times_weights_are_what_the_layer_puts_out(name):
    layer, shape = LAYERS[name]
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    out = layer(inputs)
    at = draw(len(out), places(out, layer), 3 * len(out), 0)
    x = input_rows(layer, inputs, at, out.shape[-1]).double()
    ours = (x @ weight_rows(layer).mT).transpose(0, 1).flatten(1)
    ours = ours if layer.bias is None else ours + layer.bias
    torch.testing.assert_close(ours.float(), rows_at(out, at, output_axis(layer)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("centred", [True, False])
def test_batches_add_up_to_the_ridge_of_all_rows(centred):
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(1, 90, 4, generator=random) + 3, torch.randn(1, 90, 3, generator=random) - 5
    weight, bias = (torch.randn(1, *s, generator=random).double() for s in ((3, 4), (1, 3)))
    gram = Gram()
    for begin in range(0, 90, 32):
        gram.add(x[:, begin : begin + 32], y[:, begin : begin + 32])
    solved = gram.solve(weight, bias, 0.1, centred=centred)
    x, y = x[0].double(), y[0].double() - bias[0]
    mean_x, mean_y = (x.mean(0), y.mean(0)) if centred else (torch.zeros(4), torch.zeros(3))
    a, b = x - mean_x, y - mean_y
    ridge = 0.1 * (a.square().sum() / 4) * torch.eye(4)
    new = weight[0] + torch.linalg.solve(a.T @ a + ridge, a.T @ (b - a @ weight[0].T)).T
    torch.testing.assert_close(solved.weight[0], new, atol=1e-5, rtol=1e-5)
    expected = mean_y - new @ mean_x if centred else torch.zeros(3).double()
    torch.testing.assert_close(solved.shift, expected.double(), atol=1e-5, rtol=1e-5)


def test_singular_and_constant_inputs_are_solved_and_no_numbers_are_refused():
    x, y, zero = torch.ones(1, 20, 4), torch.full((1, 20, 2), 7.0), torch.zeros(1, 1, 2).double()
    gram = Gram()
    gram.add(x, y)
    weight = torch.ones(1, 2, 4).double()
    solved = gram.solve(weight, zero, 1e-2, centred=True)
    assert torch.equal(solved.weight, weight)  # nothing to learn: the bias takes it all
    torch.testing.assert_close(solved.shift, torch.full((2,), 3.0).double())
    gram.add(x * float("nan"), y)
    with pytest.raises(ArithmeticError):
        gram.solve(weight, zero, 1e-2, centred=True)


class Pair(nn.Module):
    """Two layers, of which the first one's outputs may be cut; inputs are (images, inputs) or images."""

    def __init__(self, first: nn.Module, second: nn.Module, norm: nn.Module | None = None):
        super().__init__()
        self.first, self.second, self.norm = first, second, norm or nn.Identity()

    def forward(self, x):
        return self.norm(self.second(self.first(x)))


def fit(dense, cut, images, setting, norm=""):
    """Sweep `cut.second` alone, all of whose outputs were kept."""
    found = {x.name: x for x in survey(cut, images[:2]).layers}
    layer = found["second"]
    assert layer.norm == norm
    at = draw(len(images), layer.places, 10**6, 0)
    task = Task(layer, torch.arange(len(dense.second.weight)), at, None)
    wanted = targets(dense, images, [task], Reporter())
    assert not sweep(cut, images, [task], wanted, setting, Reporter())


@torch.no_grad()
def test_what_the_kept_inputs_say_of_a_dropped_one_is_restored():
    """The dropped unit is a linear function of those that stay, so nothing is lost."""
    dense = Pair(nn.Linear(8, 3), nn.Linear(3, 4)).eval()
    dense.first.weight[2] = 2 * dense.first.weight[0] - dense.first.weight[1]
    cut = Pair(nn.Linear(8, 2), nn.Linear(2, 4)).eval()
    cut.first.weight.copy_(dense.first.weight[:2])
    cut.first.bias.copy_(dense.first.bias[:2])
    cut.second.weight.copy_(dense.second.weight[:, :2])
    cut.second.bias.copy_(dense.second.bias)
    images = torch.randn(64, 8, generator=torch.Generator().manual_seed(1))
    assert (cut(images) - dense(images)).abs().max() > 0.05
    fit(dense, cut, images, Setting(ridge=1e-9))
    torch.testing.assert_close(cut(images), dense(images), atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_takes_over_with_or_without_a_bias(groups, bias):
    random = torch.Generator().manual_seed(2)
    norms = [nn.BatchNorm2d(4) for _ in range(2)]
    convs = [nn.Conv2d(4, 4, 3, padding=1, groups=groups, bias=bias) for _ in range(2)]
    dense, cut = (Pair(nn.Identity(), *pair).eval() for pair in zip(convs, norms, strict=True))
    images = torch.randn(16, 4, 6, 6, generator=random) + 1
    assert (cut(images) - dense(images)).abs().max() > 0.1
    fit(dense, cut, images, Setting(ridge=1e-9), norm="norm")
    torch.testing.assert_close(cut(images), dense(images), atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_a_norm_takes_the_mean_that_a_convolution_without_bias_cannot():
    dense = Pair(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)).eval()
    cut = Pair(nn.Identity(), nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1)).eval()
    images = torch.randn(16, 1, 4, 4, generator=torch.Generator().manual_seed(3))
    fit(dense, cut, images, Setting(ridge=1e-9), norm="norm")
    torch.testing.assert_close(cut(images), dense(images), atol=1e-4, rtol=1e-4)
    assert float(cut.norm.running_mean.abs()) > 1e-3


@torch.no_grad()
def test_layers_that_are_more_than_their_weights_are_left_alone():
    class Odd(nn.Linear):
        def forward(self, x):
            return super().forward(x).relu()

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.odd, self.again, self.plain = Odd(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
            self.weighed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))

        def forward(self, x):
            return self.plain(self.again(self.again(self.weighed(self.odd(x)))))

    found = survey(Twice().eval(), torch.randn(4, 4))
    assert "more than its weights" in found.skipped["odd"] and found.skipped["weighed"]
    again, plain = Layer("again", 1, 4, 4, 1, "", ((1, 4),)), Layer("plain", 1, 2, 4, 1, "")
    assert found.layers == [again, plain] and found.bytes_per_image > 0


def test_targets_of_a_dense_network_gone_wrong_are_refused():
    from mdp.core.errors import MdpError

    dense = Pair(nn.Identity(), nn.Linear(2, 2)).eval()
    nn.init.constant_(dense.second.bias, float("nan"))
    task = Task(Layer("second", 1, 2, 2, 1, ""), torch.arange(2), draw(4, 1, 4, 0), None)
    with pytest.raises(MdpError, match="no numbers"):
        targets(dense, torch.ones(4, 2), [task], Reporter())
    assert isinstance(Targets(), Targets)
