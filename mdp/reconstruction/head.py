"""The classifier of a repaired network, fitted to the dense network's answers: a convex problem."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.progress import Reporter
from .judge import answers
from .layers import hooks

# Weights of the present classifier, in units of the features' mean square; the one that does best on every
# fourth image is taken.
RIDGES = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
JUDGE = 4
STEPS = 40


def with_head(network: nn.Module, images: Tensor, dense: Tensor, report: Reporter) -> nn.Module | None:
    """A copy whose classifier answers these images as nearly as the dense network as it can.

    Minimises the Kullback-Leibler divergence of the probabilities plus ridge · ‖W − now‖², which has one
    minimum (L-BFGS, float64, no randomness). Layers before it are fitted to what the dense network's put
    out; this one to what matters in the end.

    Args:
        images: to learn from, on the network's device; `dense` are the dense network's outputs (images,
            classes) for them.

    Returns:
        None where the network does not end in a linear layer over one vector an image.
    """
    found = _features(network, images, report)
    if found is None or found[1].shape[1:] != dense.shape[1:]:
        return None
    name, features = found[0], found[2]
    layer = network.get_submodule(name)
    weight, bias = layer.weight.detach().cpu().double(), layer.bias
    start = torch.zeros(len(weight), dtype=torch.float64) if bias is None else bias.detach().cpu().double()
    fit = _Fit(features.double(), weight, start, dense.double(), bias is not None)
    judges = torch.arange(len(images)) % JUDGE == JUDGE - 1
    errors = {}
    for ridge in RIDGES:
        report.check()
        errors[ridge] = fit.divergence(*fit.solved(ridge, ~judges), judges)
    new_weight, new_bias = fit.solved(min(errors, key=errors.__getitem__), judges | ~judges)
    if not (new_weight.isfinite().all() and new_bias.isfinite().all()):
        return None
    better = copy.deepcopy(network)
    layer = better.get_submodule(name)
    with torch.no_grad():
        layer.weight.copy_(new_weight)
        if layer.bias is not None:
            layer.bias.copy_(new_bias)
    return better


class _Fit:
    """Fits one linear layer to probabilities, in the coordinates of a basis of the images' features: with
    fewer images than features they say nothing of any other direction."""

    def __init__(self, features: Tensor, weight: Tensor, bias: Tensor, dense: Tensor, biased: bool):
        self._mean = features.mean(0) if biased else torch.zeros(features.shape[1], dtype=torch.float64)
        centred = features - self._mean
        self._weight, self._bias, self._biased = weight, bias, biased
        self._now = features @ weight.T + bias
        # Rows of `basis` are directions, (directions, features); few images have few.
        self._basis = torch.linalg.qr(centred.T)[0].T if len(features) < features.shape[1] else None
        self._x = centred if self._basis is None else centred @ self._basis.T
        self._size = float(centred.square().mean())
        self._wanted = dense.log_softmax(1)

    def solved(self, ridge: float, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(weights, bias) from these rows."""
        x, now, wanted = self._x[rows], self._now[rows], self._wanted[rows]
        change = torch.zeros(len(self._weight), x.shape[1], dtype=torch.float64, requires_grad=True)
        shift = torch.zeros(len(self._bias), dtype=torch.float64, requires_grad=self._biased)
        search = torch.optim.LBFGS(
            [change, shift] if self._biased else [change], max_iter=STEPS, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            search.zero_grad()
            with torch.enable_grad():
                apart = _divergence(now + x @ change.T + shift, wanted)
                value = apart + ridge * self._size * change.square().sum()
                value.backward()
            return value

        search.step(loss)
        full = change.detach() if self._basis is None else change.detach() @ self._basis
        return self._weight + full, self._bias + shift.detach() - full @ self._mean

    def divergence(self, weight: Tensor, bias: Tensor, rows: Tensor) -> float:
        """How far these weights answer from the dense network on these rows, in nats."""
        change = weight - self._weight
        flat = change if self._basis is None else change @ self._basis.T
        moved = self._now[rows] + self._x[rows] @ flat.T + (bias - self._bias + change @ self._mean)
        apart = float(_divergence(moved, self._wanted[rows]))
        return apart if apart == apart else float("inf")


def _divergence(outputs: Tensor, wanted: Tensor) -> Tensor:
    return F.kl_div(outputs.log_softmax(1), wanted, reduction="batchmean", log_target=True)


def _features(network: nn.Module, images: Tensor, report: Reporter) -> tuple[str, Tensor, Tensor] | None:
    """(the last linear layer, what it puts out, what it takes), where its outputs are the network's."""
    linear = [name for name, m in network.named_modules() if isinstance(m, nn.Linear)]
    if not linear:
        return None
    taken: list[Tensor] = []
    with hooks() as hook:
        last = network.get_submodule(linear[-1])
        hook(last.register_forward_pre_hook, lambda _n, _m, args: taken.append(args[0].cpu()), linear[-1])
        out = answers(network, images, report)
    if not taken or any(t.ndim != 2 for t in taken) or sum(map(len, taken)) != len(images):
        return None
    x = torch.cat(taken).float()
    said = F.linear(x, last.weight.detach().cpu(), None if last.bias is None else last.bias.detach().cpu())
    near = 1e-3 * float(out.abs().max())
    if said.shape != out.shape or not torch.allclose(said, out, rtol=1e-3, atol=near):
        return None
    return linear[-1], out, x
