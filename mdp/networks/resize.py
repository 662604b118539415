"""Give a module tensors of other sizes, and make its attributes say so. Written once for every family."""

import copy
from collections.abc import Mapping

import torch
from timm.layers import EvoNorm2dS0
from torch import nn


def put(model: nn.Module, name: str, tensor: torch.Tensor) -> None:
    """Replace the parameter or buffer `name` (dotted) by a tensor of any shape; a parameter stays one."""
    path, _, leaf = name.rpartition(".")
    module = model.get_submodule(path)
    old = getattr(module, leaf)
    if isinstance(old, nn.Parameter):
        tensor = nn.Parameter(tensor.detach(), requires_grad=old.requires_grad)
    setattr(module, leaf, tensor)


def resize(model: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """`put` every tensor, then correct the widths that modules note themselves (in_features, groups, ...)."""
    modules = [model.get_submodule(path) for path in {name.rpartition(".")[0] for name in tensors}]
    grouped = [(m, m.weight.shape[0] // m.groups) for m in modules if isinstance(m, EvoNorm2dS0)]
    for name, tensor in tensors.items():
        put(model, name, tensor)
    for module in modules:
        correct(module)
    for module, per_group in grouped:  # it notes its groups alone; they are pruned whole
        module.groups = module.weight.shape[0] // per_group


def loosen(model: nn.Module) -> None:
    """Let blur pooling work at any width: it holds one copy of the same filter per channel, and one does."""
    from timm.layers import BlurPool2d

    for module in model.modules():
        if isinstance(module, BlurPool2d) and module.channels is not None:
            module.channels, module.filt = None, module.filt[:1].clone()


def like(module: nn.Module, units: int) -> nn.Module:
    """A copy of a per-channel module (a norm, a layer scale) for another number of units."""
    new = copy.deepcopy(module)
    per_unit = {n: t for n, t in (*new.named_parameters(), *new.named_buffers()) if t.ndim == 1}
    resize(new, {name: tensor.new_ones(units) for name, tensor in per_unit.items()})
    return new


def correct_bare(norm: nn.Module, units: int) -> None:
    """Make a norm without scales note how many units it has."""
    if isinstance(norm, nn.GroupNorm):
        norm.num_groups = max(1, units * norm.num_groups // norm.num_channels)
        norm.num_channels = units
    elif isinstance(norm, nn.modules.batchnorm._NormBase):
        norm.num_features = units
    else:
        norm.normalized_shape = (units,)


def correct(module: nn.Module) -> None:
    """Make what a module notes of its widths fit its tensors."""
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        rows, columns = module.weight.shape[:2]
        module.in_channels, module.out_channels = rows, columns * module.groups
    elif isinstance(module, nn.modules.conv._ConvNd):
        out, inside = module.weight.shape[:2]
        if module.groups > 1:  # groups vanish whole, so each keeps its number of output channels
            module.groups = out // (module.out_channels // module.groups)
        module.out_channels, module.in_channels = out, inside * module.groups
    elif isinstance(module, nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif isinstance(module, nn.Embedding):
        module.num_embeddings, module.embedding_dim = module.weight.shape
    elif isinstance(module, nn.PReLU):
        module.num_parameters = module.weight.shape[0]
    elif isinstance(module, nn.modules.batchnorm._NormBase):  # of batches and of instances
        widths = [t.shape[0] for t in (module.running_mean, module.weight) if t is not None]
        module.num_features = widths[0] if widths else module.num_features
    elif isinstance(module, nn.GroupNorm):  # pruned by whole groups, unless there is one alone
        if module.num_groups > 1:
            module.num_groups = module.weight.shape[0] * module.num_groups // module.num_channels
        module.num_channels = module.weight.shape[0]
    elif isinstance(getattr(module, "normalized_shape", None), tuple):  # layer norms and their relatives
        module.normalized_shape = tuple(module.weight.shape)
