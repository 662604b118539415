"""A network that somebody holds in memory: what it is called, and whether timm can make its like again."""

import copy

import torch
from torch import nn

from ..core.errors import MdpError, first_line
from ..core.model_ref import MEMORY, ModelRef


def at_rest(model: nn.Module) -> nn.Module:
    """The model in eval mode, float32, on the CPU: itself if it is, else a copy.

    Raises:
        MdpError: it is no module, or has parameters without values.
    """
    if not isinstance(model, nn.Module):
        raise MdpError(f"A torch.nn.Module can be pruned, not a {type(model).__name__}.")
    tensors = [*model.parameters(), *model.buffers()]
    if any(t.is_meta or isinstance(t, nn.parameter.UninitializedTensorMixin) for t in tensors):
        raise MdpError("The model has parameters without values (meta or lazy ones). Load its weights first.")
    floats = [t for t in tensors if t.is_floating_point()]
    if all(t.device.type == "cpu" for t in tensors) and all(t.dtype == torch.float32 for t in floats):
        if not any(module.training for module in model.modules()):
            return model
    return copy.deepcopy(model).cpu().float().eval()


def reference(model: nn.Module, input_size: tuple[int, int, int] | None = None) -> ModelRef:
    """What to call a model whose weights are in memory, and how to make its like again, where timm can.

    Raises:
        MdpError: the input size is not known, or the model does not take it.
    """
    config = getattr(model, "pretrained_cfg", None) or {}
    size = tuple(int(n) for n in input_size or config.get("input_size") or ())
    if len(size) != 3 or min(size) < 1:
        raise MdpError(
            f"The size of an image for this {type(model).__name__} is not known. Give "
            "prunable(model, input_size=(channels, height, width))."
        )
    classes = _classes(model, size)
    name = str(config.get("architecture") or "")
    for arguments in ({}, {"img_size": list(size[1:])}):
        ref = ModelRef(name, MEMORY, size, classes, arguments)
        if name and _is_like(ref, model):
            return ref
    return ModelRef(type(model).__qualname__, MEMORY, size, classes, {})


def _classes(model: nn.Module, size: tuple[int, ...]) -> int:
    """How many numbers the model answers an image with."""
    try:
        with torch.inference_mode():
            answer = model(torch.zeros(1, *size))
    except Exception as error:  # whatever the model's own forward raises
        raise MdpError(
            f"This {type(model).__name__} does not take images of {' x '.join(map(str, size))} "
            f"({first_line(error)}). Give prunable(model, input_size=(channels, height, width))."
        ) from None
    if not isinstance(answer, torch.Tensor):
        raise MdpError(f"This {type(model).__name__} answers with a {type(answer).__name__}, not a tensor.")
    known = getattr(model, "num_classes", None)
    return known if type(known) is int else int(answer.shape[-1])


def _is_like(ref: ModelRef, model: nn.Module) -> bool:
    """Whether `create` would make a model with the same tensors."""
    from .models import create

    try:
        with torch.device("meta"):
            twin = create(ref, load_weights=False)
    except MdpError:
        return False
    shapes = [{name: t.shape for name, t in m.state_dict().items()} for m in (twin, model)]
    return shapes[0] == shapes[1] and type(twin) is type(model)
