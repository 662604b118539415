"""A network that somebody holds in memory: what it is called, and whether timm can make its like again."""

import copy

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from ..core.errors import MdpError, Unsupported, first_line
from ..core.model_ref import INPUT_TYPES, MEMORY, ModelRef
from .libraries import NETWORKS, is_of

# Where a module holds what belongs to it; all else is an attribute of its class's making.
_OWN = ("_parameters", "_buffers", "_modules")


def at_rest(model: nn.Module) -> nn.Module:
    """The model in eval mode, float32, on the CPU: itself if it is, else a copy.

    Raises:
        MdpError: it is no module, or has parameters without values.
        Unsupported: it is compiled.
    """
    if not isinstance(model, nn.Module):
        raise MdpError(f"A torch.nn.Module can be pruned, not a {type(model).__name__}.")
    for name, module in model.named_modules():
        if hasattr(module, "_orig_mod"):  # before it is run, which would compile it
            raise Unsupported(
                f"{name or 'The model'} is compiled by torch.compile. Give the module that it was made of, "
                "its _orig_mod, and compile the pruned one."
            )
    tensors = [*model.parameters(), *model.buffers()]
    if any(t.is_meta or isinstance(t, nn.parameter.UninitializedTensorMixin) for t in tensors):
        raise MdpError("The model has parameters without values (meta or lazy ones). Load its weights first.")
    floats = [t for t in tensors if t.is_floating_point()]
    if all(t.device.type == "cpu" for t in tensors) and all(t.dtype == torch.float32 for t in floats):
        if not any(module.training for module in model.modules()) and not _results(model):
            return model
    return copied(model).cpu().float().eval()


def copied(model: nn.Module) -> nn.Module:
    """A copy, also of a model that keeps something of its last forward, whose history no copy takes."""
    return copy.deepcopy(model, _results(model))


def twin(model: nn.Module) -> nn.Module:
    """A copy that shares the parameters alone: what a forward notes or counts in its module stays there."""
    return copy.deepcopy(model, {id(p): p for p in model.parameters()} | _results(model))


def _results(model: nn.Module) -> dict[int, torch.Tensor]:
    """What the modules keep of their last forward, by identity: without its history, which no copy takes."""
    kept = tree_leaves([[v for k, v in vars(m).items() if k not in _OWN] for m in model.modules()])
    return {id(t): t.detach().clone() for t in kept if isinstance(t, torch.Tensor) and not t.is_leaf}


def _tried_on(model: nn.Module) -> nn.Module:
    """What to run a forward on for the first time: a stranger's may write into its parameters. Those of the
    libraries do not, and may be large."""
    return (twin if is_of(type(model), NETWORKS) else copied)(model)


def reference(
    model: nn.Module,
    input_size: tuple[int, ...] | None = None,
    example_inputs: tuple[torch.Tensor, ...] | None = None,
) -> ModelRef:
    """What to call a model whose weights are in memory, and how to make its like again, where timm can.

    Raises:
        MdpError: the input size is not known, or the model does not take it.
    """
    if example_inputs is not None:
        return _of_inputs(model, example_inputs)
    config = getattr(model, "pretrained_cfg", None) or {}
    try:
        size = tuple(int(n) for n in input_size or config.get("input_size") or ())
    except (TypeError, ValueError):  # one number, a text
        size = ()
    if not 1 <= len(size) <= 5 or min(size) < 1:
        raise MdpError(
            f"The size of an image for this {type(model).__name__} is not known. Give an example, "
            "prunable(model, torch.randn(1, 3, 224, 224)), or input_size=(channels, height, width)."
        )
    classes = _classes(model, (torch.zeros(1, *size),), f"images of {' x '.join(map(str, size))}")
    return _known_to_timm(model, size, classes)


def _of_inputs(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> ModelRef:
    shapes = [tuple(t.shape[1:]) for t in inputs]
    said = " and ".join(" x ".join(map(str, t.shape)) for t in inputs)
    classes = _classes(model, inputs, f"inputs of {said}")
    if len(inputs) == 1 and inputs[0].dtype == torch.float32 and shapes[0]:
        return _known_to_timm(model, shapes[0], classes)
    kinds = tuple(
        (str(t.dtype).removeprefix("torch."), shape) for t, shape in zip(inputs, shapes, strict=True)
    )
    size = next((shape for shape in shapes if shape), (1,))
    return ModelRef(type(model).__qualname__, MEMORY, size, classes, {}, inputs=kinds)


def _known_to_timm(model: nn.Module, size: tuple[int, ...], classes: int) -> ModelRef:
    config = getattr(model, "pretrained_cfg", None) or {}
    name = str(config.get("architecture") or "")
    for arguments in ({}, {"img_size": list(size[1:])}):
        ref = ModelRef(name, MEMORY, size, classes, arguments)
        if name and len(size) == 3 and _is_like(ref, model):
            return ref
    return ModelRef(type(model).__qualname__, MEMORY, size, classes, {})


def examples(given: object, model: nn.Module) -> tuple[torch.Tensor, ...]:
    """Example inputs as a tuple of tensors on the CPU, in the float type that a model at rest has.

    Raises:
        MdpError: they are no tensors with a batch axis, or their batches differ in size.
    """
    several = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not several or not all(isinstance(t, torch.Tensor) for t in several):
        raise MdpError(
            f"Give the example inputs of this {type(model).__name__} as a tensor, or as a tuple of tensors "
            "in the order of its forward."
        )
    known = {str(t.dtype).removeprefix("torch.") for t in several} <= set(INPUT_TYPES)
    if not known or any(t.is_meta or t.ndim == 0 or not t.numel() for t in several):
        raise MdpError(
            "Example inputs are tensors of real numbers with a first axis for the batch, not empty."
        )
    if len({t.shape[0] for t in several}) > 1:
        raise MdpError("The example inputs have batches of different sizes. Give as many of each.")
    return tuple(t.detach().cpu().float() if t.is_floating_point() else t.detach().cpu() for t in several)


def _classes(model: nn.Module, inputs: tuple[torch.Tensor, ...], said: str) -> int:
    """How many numbers the model answers an image with; 0 if it answers with something else."""
    try:
        with torch.inference_mode():
            tried = _tried_on(model)
            answer = tried(*(t.clone() for t in inputs))
    except Exception as error:  # whatever the model's own forward raises
        raise MdpError(
            f"This {type(model).__name__} does not take {said} "
            f"({first_line(error)}). Give an example that it takes: prunable(model, example_inputs)."
        ) from None
    for (name, own), now in zip(model.named_parameters(), tried.parameters(), strict=True):
        if now is not own and not torch.equal(own, now) and bool(own.isfinite().all()):
            raise Unsupported(
                f"The forward of this {type(model).__name__} writes into its parameter {name}, so that every "
                "call changes it (a max_norm, weights that are clipped). Take that out of its forward."
            )
    known = getattr(model, "num_classes", None)
    if type(known) is int:
        return known
    return int(answer.shape[-1]) if isinstance(answer, torch.Tensor) and answer.ndim == 2 else 0


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
