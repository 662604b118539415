"""Steps that give several results (`x.max(2)`, `topk`, `var_mean`) are followed by those that are read."""

import pytest
import torch
import torch.nn.functional as F

from .odder import Between
from .test_by_outsiders import right

IMAGES = torch.randn(2, 3, 8, 8)


class Pooled(Between):
    """The step is what takes the place of the mean over positions."""

    def forward(self, x):
        return self.head(self.step(F.relu(self.b(F.relu(self.a(x)))).flatten(2)))


def with_places(x):
    best, where = x.max(-1)
    return best + 0.1 * where


def moments(x):
    variance, mean = torch.var_mean(x, -1)
    return variance + mean


def both(x):
    return torch.max(x, x.flip(-1)).amin(-1) + torch.min(x, other=torch.zeros_like(x)).mean(-1)


STEPS = {
    "by name": (lambda x: x.max(-1).values, 2),
    "by place": (lambda x: torch.sort(x, dim=2)[0][..., -1] + x.topk(3, -1)[-2].mean(-1), 2),
    "both read": (moments, 2),
    "of two values": (both, 2),
    "where it was": (with_places, 1),
    "a view like another": (lambda x: x.unflatten(1, (4, -1)).view_as(x).max(-1)[0], 2),
    "of arguments by name": (lambda x: torch.stack(tensors=[x, torch.cat(tensors=[x])]).sum(0).mean(-1), 2),
    "where by name": (lambda x: torch.where(condition=x > 0, input=x, other=x * 0.1).mean(-1), 2),
    "over channels": (lambda x: x.mean(-1) * x.max(1).values.mean(-1, keepdim=True), 1),
}


@pytest.mark.parametrize("name", STEPS)
def test_extracted_is_masked(name):
    step, dims = STEPS[name]
    net, pruned = right(Pooled(step), IMAGES)
    assert len(net.space.dims) == dims
    pruned.train()(IMAGES).square().sum().backward()
    assert all(p.grad is not None for p in pruned.parameters())
