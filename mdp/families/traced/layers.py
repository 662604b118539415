"""What layers with weights do to labels: which of them a layer reads, which it makes, which it passes on."""

from collections.abc import Callable

import numpy as np
from timm.layers import EvoNorm2dS0, LayerScale, LayerScale2d
from timm.layers.grn import GlobalResponseNorm
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from ...networks.libraries import LAYERS, is_of
from ..channels import is_uncentred_norm
from ..masked_norms import channels_first, is_bare
from .bare_norms import own_channels
from .ledger import Ledger
from .values import Axis, Value

# Convolutions of this many groups or more lose whole groups; of fewer, each group loses as much.
WHOLE_GROUPS = 4
SPATIAL = "a layer mixes them along an axis that is not its channels"

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
BATCH_NORMS = nn.modules.batchnorm._BatchNorm
INSTANCE_NORMS = nn.modules.instancenorm._InstanceNorm

Rule = Callable[[Ledger, str, nn.Module, Value], Value | None]


def layer(ledger: Ledger, name: str, module: nn.Module, value: Value, shape: tuple[int, ...]) -> Value | None:
    """The value that a layer gives, `shape` as noted; None if the layer is not known."""
    for kinds, rule in _RULES:
        if isinstance(module, kinds) and forward_is_known(module):
            found = rule(ledger, name, module, value)
            return None if found is None else Value(shape, found.axes)
    return _uncentred(ledger, name, module, value) if is_uncentred_norm(module) else None


def forward_is_known(module: nn.Module) -> bool:
    """Whether a layer computes what torch's does, or is one of the libraries' whose like is known."""
    own = type(module)
    if is_of(own, LAYERS):
        return True
    return any(own.forward is base.forward for base in own.__mro__ if base.__module__.startswith("torch.nn"))


def _linear(ledger: Ledger, name: str, module: nn.Linear, value: Value) -> Value:
    last = len(value.shape) - 1
    ledger.own(f"{name}.weight", 1, value.axes[last], "input")
    out = ledger.rows(f"{name}.weight", 0, module.out_features)
    _bias(ledger, name, module, out)
    return value.with_axis(last, out)


def _convolution(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value | None:
    if len(value.shape) != module.weight.ndim:  # an image without a batch
        return None
    value = ledger.fix_value(value, SPATIAL, but=(1,))
    transposed = isinstance(module, TRANSPOSED)
    rows, columns = (1, 0) if transposed else (0, 1)
    into, weight = value.axes[1], f"{name}.weight"
    if module.groups == 1:
        ledger.own(weight, columns, into, "input")
        out = ledger.rows(weight, rows, module.out_channels)
    else:
        out = _grouped(ledger, name, module, into, transposed)
    _bias(ledger, name, module, out)
    return value.with_axis(1, out)


def _grouped(ledger: Ledger, name: str, module: nn.Module, into: Axis, transposed: bool) -> Axis:
    groups, weight = module.groups, f"{name}.weight"
    inside, outside = module.in_channels // groups, module.out_channels // groups
    if inside == 1 and len(into) > 1:  # every channel by itself
        out = tuple(np.repeat(vector, outside) for vector in into)
        ledger.own(weight, 0, into if transposed else out, "output")
        return out
    if len(into) != 1:  # what goes in stays whole: every group has its inputs, and is needed
        ledger.fix(into, "a grouped convolution reads them in two ways")
        ledger.own(weight, 0, (), "output")
        return ()
    vector = into[0]
    if inside == 1 or groups >= WHOLE_GROUPS:
        ledger.join_within(vector, groups)
        out = np.repeat(vector[::inside], outside)
        ledger.own(weight, 0, (vector,) if transposed else (out,), "output")
        return (out,)
    ledger.join_across(vector, groups)
    made = ledger.rows(weight, 1 if transposed else 0, outside if transposed else module.out_channels)[0]
    ledger.own(weight, 0 if transposed else 1, (vector if transposed else vector[:inside],), "input")
    if transposed:
        return (np.tile(made, groups),)
    ledger.join_across(made, groups)
    return (made,)


def _bias(ledger: Ledger, name: str, module: nn.Module, out: Axis) -> None:
    if module.bias is not None:
        ledger.own(f"{name}.bias", 0, out, "output")


def _per_channel(axis_of: Callable[[nn.Module, Value], int], *, norm: bool) -> Rule:
    """A module with one number per channel in all its tensors."""

    def rule(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value:
        axis = axis_of(module, value)
        if is_bare(module):
            own_channels(ledger, name, value.axes[axis])
        for leaf, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            if tensor.numel() > 1 and tensor.numel() == value.shape[axis]:
                place = next(i for i, n in enumerate(tensor.shape) if n > 1)
                ledger.own(f"{name}.{leaf}", place, value.axes[axis], "output")
        if norm and getattr(module, "weight", None) is not None:
            ledger.norms.append(name)
        return value

    return rule


_batch_norm = _per_channel(lambda module, value: 1, norm=True)
_last = _per_channel(lambda module, value: len(value.shape) - 1, norm=False)
_first = _per_channel(lambda module, value: 1, norm=False)


def _instance_norm(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value:
    return _batch_norm(ledger, name, module, ledger.fix_value(value, SPATIAL, but=(1,)))


def _group_norm(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value:
    value = ledger.fix_value(value, SPATIAL, but=(1,))
    groups = getattr(module, "num_groups", None) or module.groups
    if groups == 1 and len(value.axes[1]) > 1:
        return ledger.fix_value(value, "a norm takes its statistics over all of them")
    if groups > 1:
        for vector in value.axes[1]:
            ledger.join_within(vector, groups)
    return _batch_norm(ledger, name, module, value)


def _layer_norm(ledger: Ledger, name: str, module: nn.LayerNorm, value: Value) -> Value:
    axis = 1 if channels_first(module) else len(value.shape) - 1
    if len(module.normalized_shape) != 1:
        return ledger.fix_value(value, "a norm takes its statistics over all of them")
    return _per_channel(lambda m, v: axis, norm=False)(ledger, name, module, value)


def _uncentred(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value | None:
    if len(module.normalized_shape) != 1:
        return None
    axis = 1 if channels_first(module) else len(value.shape) - 1
    return _per_channel(lambda m, v: axis, norm=False)(ledger, name, module, value)


def _response_norm(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value:
    axis = module.channel_dim % len(value.shape)
    return _per_channel(lambda m, v: axis, norm=False)(ledger, name, module, value)


def _evo_norm(ledger: Ledger, name: str, module: nn.Module, value: Value) -> Value:
    for vector in value.axes[1]:
        ledger.join_within(vector, module.groups)
    return _first(ledger, name, module, value)


def _embedding(ledger: Ledger, name: str, module: nn.Embedding, value: Value) -> Value:
    out = ledger.rows(f"{name}.weight", 1, module.embedding_dim)
    return Value((*value.shape, module.embedding_dim), (*value.axes, out))


# A convolution that standardises its weights, or a norm with an activation, is a subclass of these.
_RULES: tuple[tuple[tuple[type, ...], Rule], ...] = (
    ((nn.Linear,), _linear),
    (CONVOLUTIONS + TRANSPOSED, _convolution),
    ((BATCH_NORMS, FrozenBatchNorm2d), _batch_norm),
    ((INSTANCE_NORMS,), _instance_norm),
    ((EvoNorm2dS0,), _evo_norm),
    ((nn.GroupNorm,), _group_norm),
    ((nn.LayerNorm,), _layer_norm),
    ((GlobalResponseNorm,), _response_norm),
    ((LayerScale2d, nn.PReLU), _first),
    ((LayerScale,), _last),
    ((nn.Embedding,), _embedding),
)
