"""What must be true of a module before it is traced, and what is made plain in a copy of it.

Weights that are standardised on every forward are replaced by what they come to: without some of the inputs
they would come to something else. What can not be followed at all is refused, with the reason.
"""

import copy

import torch
import torch.nn.functional as F
from timm.layers import Conv2dSame, ScaledStdConv2d, ScaledStdConv2dSame, StdConv2d, StdConv2dSame
from torch import nn

from ...core.errors import Unsupported
from .computed_weights import COMPUTING, is_computed, make_plain
from .own_norms import has_own_norms, spell_out_norms
from .plain_attention import has_any, spell_out

_STANDARD = (StdConv2d, StdConv2dSame, ScaledStdConv2d, ScaledStdConv2dSame)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def prepared(model: nn.Module) -> nn.Module:
    """The module itself, or a copy of it in plain layers that computes the same.

    Raises:
        Unsupported: hooks, lazy or quantised layers, complex numbers: a sentence says which and where.
    """
    refuse(model)
    standard = any(isinstance(m, _STANDARD) or is_computed(m) for m in model.modules())
    if has_any(model) or has_own_norms(model):
        # Tensors are shared, as long as nothing changes them.
        model = copy.deepcopy(model, {id(t): t for t in (*model.parameters(), *model.buffers())})
        spell_out(model)
        spell_out_norms(model)
    if not standard:
        return model
    model = copy.deepcopy(model)
    for name, module in list(model.named_modules()):
        if isinstance(module, _STANDARD):
            model.set_submodule(name, _plain(module))
        elif is_computed(module):
            make_plain(module)
    return model


def refuse(model: nn.Module) -> None:
    """Raises Unsupported for what no cut would be right for."""
    for name, module in model.named_modules():
        where = f"{name or 'the network itself'} ({type(module).__name__})"
        if any(hook for hooks in _HOOKS for hook in _strange(module, hooks)):
            raise Unsupported(
                f"There are hooks on {where}: what they do is not in the graph. Remove them, and prune again."
            )
        if isinstance(module, nn.modules.lazy.LazyModuleMixin) and module.has_uninitialized_params():
            raise Unsupported(f"{where} is lazy: run one batch through the network first.")
        if "quantized" in type(module).__module__:
            raise Unsupported(f"{where} is quantised. Prune the network before it is quantised.")
        if isinstance(module, torch.jit.ScriptModule):
            raise Unsupported(f"{where} is compiled by torch.jit. Give the module that it was made of.")
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_complex():
            raise Unsupported(f"{name} holds complex numbers, which are not pruned. Use real ones.")
        if tensor.is_quantized:
            raise Unsupported(f"{name} is quantised. Prune the network before it is quantised.")
    for name, tensor in model.named_parameters():
        if not tensor.is_meta and tensor.is_floating_point() and not tensor.isfinite().all():
            raise Unsupported(
                f"{name} holds numbers that are not finite (NaN or infinite): no cut can be checked against "
                "what they come to. Load weights that are."
            )


def _strange(module: nn.Module, hooks: str) -> list:
    """The hooks of a module but for those that compute its weights."""
    return [h for h in (getattr(module, hooks, None) or {}).values() if not isinstance(h, COMPUTING)]


def _plain(old: nn.Conv2d) -> nn.Conv2d:
    """A convolution whose weights are those that a standardising one computes."""
    same = isinstance(old, (StdConv2dSame, ScaledStdConv2dSame)) and old.same_pad
    new = (Conv2dSame if same else nn.Conv2d)(
        *(old.in_channels, old.out_channels, old.kernel_size, old.stride, old.padding, old.dilation),
        *(old.groups, old.bias is not None),
        device="meta",
    )
    scale = (old.gain * old.scale).view(-1) if hasattr(old, "gain") else None
    flat = old.weight.detach().reshape(1, old.out_channels, -1)
    weight = F.batch_norm(flat, None, None, weight=scale, training=True, momentum=0.0, eps=old.eps)
    new.weight = nn.Parameter(weight.detach().reshape_as(old.weight))
    if old.bias is not None:
        new.bias = nn.Parameter(old.bias.detach().clone())
    return new.train(old.training)
