"""Random weights under which a wrong cut shows."""

import math

import torch
from torch import nn


def liven(model: nn.Module, seed: int) -> None:
    """Random weights under which every tensor matters to the output. In fresh networks norms are one; biases,
    layer scales and last norms near zero: a wrong cut would hide behind them."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in model.parameters():
            noise = torch.randn(tensor.shape, generator=random)
            if tensor.ndim > 1 and tensor.numel() > max(tensor.shape):
                tensor.copy_(noise / math.sqrt(tensor[0].numel()))
            else:
                tensor.copy_(1 + 0.3 * noise if float(tensor.mean()) > 0.5 else 0.3 * noise)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.1 * torch.randn(buffer.shape, generator=random))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand(buffer.shape, generator=random))
