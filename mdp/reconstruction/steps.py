"""A network in between two of the same layers, for where a repair goes too far."""

import copy

import torch
from torch import nn


def between(begin: nn.Module, end: nn.Module, share: float) -> nn.Module:
    """A copy whose weights and statistics are `share` of the way from `begin` to `end`.

    Least squares sees each layer's outputs, not what they are worth in the end; of a network whose features
    are only partly predictable, half of its changes are often better than all (as for fine-tuned weights:
    Wortsman et al. 2022, arXiv 2109.01903).
    """
    made, towards = copy.deepcopy(begin), dict(end.state_dict())
    with torch.no_grad():
        for name, tensor in made.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(towards[name].to(tensor.device), share)
    return made
