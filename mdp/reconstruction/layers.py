"""Which layers of a pruned network can be repaired, in the order in which they run."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from ..core.errors import MdpError, first_line
from ..tasks import run
from .rows import draw, groups_of, input_rows, output_axis, places, rows_at, weight_rows

BatchNorm = nn.modules.batchnorm._BatchNorm
# What a layer computes and what its weights say of a few patches may differ by so much of the largest output.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Layer:
    """One linear layer or convolution.

    Attributes:
        places: outputs of one image; `width`: of which so many lie in a row, for a convolution.
        inputs: what one output is computed from; `groups`: see `rows.groups_of`.
        norm: the batch norm that alone follows, "" if none does.
        more: (places, width) of every further time that it runs: one head for several levels, say.
    """

    name: str
    places: int
    width: int
    inputs: int
    groups: int
    norm: str
    more: tuple[tuple[int, int], ...] = ()

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """(places, width) of every time that it runs."""
        return ((self.places, self.width), *self.more)


@dataclass
class Survey:
    """What one run of a few images tells.

    Attributes:
        layers: in the order in which they run; `skipped`: name -> why it is left as it is.
        bytes_per_image: about what one image takes on its way through, at the widest place.
    """

    layers: list[Layer] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    bytes_per_image: float = 0.0


def survey(network: nn.Module, images: Tensor) -> Survey:
    """Run a few images through a network in eval mode and note its layers.

    Raises:
        MdpError: the network does not take them.
    """
    found = Survey()
    runs: dict[str, list[tuple[int, int]]] = {}
    norms: dict[str, set[str]] = {}
    made: dict[int, tuple[str, Tensor]] = {}  # by identity; held, so that it stays theirs

    def layer_ran(name: str, layer: nn.Module, args: tuple, out: Tensor) -> None:
        made[id(out)] = (name, out)
        reason = _unfit(layer, args[0], out)
        if reason:
            found.skipped[name] = reason
            return
        run = places(out, layer), int(out.shape[-1])
        if name not in runs:
            found.layers.append(Layer(name, *run, layer.weight[0].numel(), groups_of(layer), ""))
        runs.setdefault(name, []).append(run)

    def any_ran(name: str, module: nn.Module, args: tuple, out: Tensor) -> None:
        tensors = [t for t in (*args, out) if isinstance(t, Tensor)]
        size = sum(t.numel() * t.element_size() for t in tensors) + (2 * tensors[-1].nbytes if tensors else 0)
        found.bytes_per_image = max(found.bytes_per_image, size / len(images))

    def norm_runs(name: str, norm: nn.Module, args: tuple) -> None:
        source = made.get(id(args[0]), ("", None))[0]
        if source and norm.running_mean is not None:
            norms.setdefault(source, set()).add(name)

    modules = dict(network.named_modules())
    with hooks() as hook, torch.no_grad():
        for name, module in modules.items():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                hook(module.register_forward_hook, layer_ran, name)
            elif isinstance(module, BatchNorm):
                hook(module.register_forward_pre_hook, norm_runs, name)
            if not any(True for _ in module.children()):
                hook(module.register_forward_hook, any_ran, name)
        try:
            run(network, images)
        except Exception as error:  # whatever a stranger's forward raises
            size = " x ".join(map(str, images.shape[1:]))
            raise MdpError(f"The network does not take images of {size}: {first_line(error)}.") from None
    found.layers = [
        replace(x, more=tuple(runs[x.name][1:]), norm=_alone(norms.get(x.name, set())))
        for x in found.layers
        if x.name not in found.skipped
    ]
    return found


def _alone(names: set[str]) -> str:
    """The norm, if it is the same every time."""
    return next(iter(names)) if len(names) == 1 else ""


def _unfit(layer: nn.Module, inputs: Tensor, out: Tensor) -> str:
    """Why the least squares of `rows` are not this layer's, "" if they are: looked at, not guessed."""
    if not isinstance(layer._parameters.get("weight"), nn.Parameter):
        return "its weights are computed from others"
    try:
        at = draw(len(out), places(out, layer), 4 * len(out), 0)
        x = input_rows(layer, inputs, at, int(out.shape[-1])).double()
    except (RuntimeError, IndexError, ValueError):
        return "what its outputs are computed from is not known"
    expected = (x @ weight_rows(layer).to(x.device).mT).transpose(0, 1).flatten(1)
    if layer.bias is not None:
        expected = expected + layer.bias.detach().double()
    actual = rows_at(out, at, output_axis(layer)).double()
    if not actual.isfinite().all():
        return "its outputs are no numbers"
    far = float((actual - expected).abs().max()) > ROUNDING * float(actual.abs().max()) + 1e-6
    return "it computes more than its weights say" if far else ""


@contextlib.contextmanager
def hooks() -> Iterator[Callable[..., None]]:
    """`hook(module.register_forward_hook, function, name)`: called as function(name, module, ...); removed
    at the end, whatever happens."""
    handles = []

    def hook(register: Callable, function: Callable, name: str) -> None:
        handles.append(register(lambda *args: function(name, *args)))

    try:
        yield hook
    finally:
        for handle in handles:
            handle.remove()


def names(layers: Mapping[str, str]) -> str:
    """`a (why), b (why) and 3 more`, for a sentence."""
    shown = [f"{name} ({why})" for name, why in list(layers.items())[:3]]
    more = len(layers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
