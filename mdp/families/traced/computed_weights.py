"""Weights that a layer computes of other tensors on every forward: weight norm, spectral norm, any
parametrization of torch. In a copy of the layer they become what they come to.
"""

from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm, remove_spectral_norm
from torch.nn.utils.weight_norm import WeightNorm, remove_weight_norm

# Hooks of torch's older functions, torch.nn.utils.weight_norm and spectral_norm.
COMPUTING = (WeightNorm, SpectralNorm)


def is_computed(module: nn.Module) -> bool:
    """Whether a weight of this layer is computed on every forward."""
    return parametrize.is_parametrized(module) or bool(_hooks(module))


def make_plain(module: nn.Module) -> None:
    """Turn what a layer computes on every forward, in evaluation, into parameters of its own."""
    if parametrize.is_parametrized(module):
        # A copy shares the class that torch made for this one layer: unmaking it would unmake the original.
        made = type(module)
        own = {k: v for k, v in vars(made).items() if k not in ("__dict__", "__weakref__")}
        module.__class__ = type(made.__name__, made.__bases__, own)
        assert isinstance(module.parametrizations, nn.ModuleDict)
        for name in list(module.parametrizations):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
            _settle(module, name)
    for hook in _hooks(module):
        remove = remove_weight_norm if isinstance(hook, WeightNorm) else remove_spectral_norm
        remove(module, hook.name)
        asking = module._load_state_dict_pre_hooks  # which torch forgets, and would ask files for its vectors
        for key, one in list(asking.items()):
            if getattr(getattr(one, "hook", one), "fn", None) is hook:
                del asking[key]
        _settle(module, hook.name)


def _hooks(module: nn.Module) -> list:
    return [hook for hook in module._forward_pre_hooks.values() if isinstance(hook, COMPUTING)]


def _settle(module: nn.Module, name: str) -> None:
    """Let a tensor be a parameter: torch leaves a frozen one as a buffer."""
    tensor = getattr(module, name).detach().clone()
    if name not in module._parameters:
        delattr(module, name)
    module.register_parameter(name, nn.Parameter(tensor))
