"""One pass over a pruned network: every layer is fitted to the dense one as soon as its inputs arrive.

Least squares with a ridge towards the present weights, layer by layer, each on what the repaired ones before
it put out (as in He et al. 2017, arXiv 1707.06168, and its kin). All images go through together: a layer is
solved in the middle of the forward, which then goes on with its new weights, so that all costs one forward.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core.progress import Reporter
from ..tasks import run
from .gram import Gram
from .layers import hooks
from .plan import Task
from .rows import groups_of, input_rows, rows_at, weight_rows
from .targets import Targets, cancellable

# Images whose patches are laid out at once.
CHUNK = 32
# A stream's error counts this little where what the layer adds to it is scaled to next to nothing.
SMALLEST_SCALE = 1e-3


@dataclass(frozen=True)
class Setting:
    """How to repair.

    Attributes:
        ridge: weight of the present weights, in units of the mean diagonal of XᵀX.
        residual: share of a residual stream's error that layers writing to it take on.
        variance: 0 to 1, how far the variance of outputs is kept up.
        depthwise: whether convolutions with groups are repaired.
        sweeps: how often all was gone through.
    """

    ridge: float = 1e-2
    residual: float = 0.5
    variance: float = 0.0
    depthwise: bool = True
    sweeps: int = 1


def sweep(
    network: nn.Module,
    images: Tensor,
    todo: Sequence[Task],
    wanted: Targets,
    setting: Setting,
    report: Reporter,
) -> dict[str, str]:
    """Repair `network` in place; returns layer -> why it was left as it is."""
    by_layer = {t.name: t for t in todo}
    by_stream: dict[str, list[Task]] = {}
    streams: dict[str, Tensor] = {}
    failed: dict[str, str] = {}
    done = 0
    for task in todo:
        if task.write and setting.residual:
            by_stream.setdefault(task.write.stream, []).append(task)

    def stream_passes(name: str, module: nn.Module, args: tuple) -> None:
        for task in by_stream[name]:
            rows = rows_at(args[0], task.at, task.write.axis)
            streams[task.name] = wanted.streams[task.name] - rows.float().cpu()

    def layer_runs(name: str, layer: nn.Module, args: tuple) -> None:
        nonlocal done
        task = by_layer[name]
        if setting.depthwise or groups_of(layer) == 1:
            target = wanted.outputs[name]
            if name in streams:
                target = target + setting.residual * _on_stream(network, task, streams.pop(name))
            try:
                _fit(network, layer, task, args[0], target, setting, report)
            except ArithmeticError as error:
                failed[name] = str(error)
        done += 1
        report.step(done, len(todo), f"repairing {name}")

    with hooks() as hook, cancellable(network, report):
        for name in by_stream:
            hook(network.get_submodule(name).register_forward_pre_hook, stream_passes, name)
        for name in by_layer:
            hook(network.get_submodule(name).register_forward_pre_hook, layer_runs, name)
        run(network, images)
    return failed


def _on_stream(network: nn.Module, task: Task, error: Tensor) -> Tensor:
    """A stream's error in units of the layer's own outputs."""
    scale = task.write.factor(network)
    if isinstance(scale, float):
        return error / scale
    scale = scale.cpu()
    return torch.where(scale.abs() > SMALLEST_SCALE, error / scale, torch.zeros(()))


def _fit(
    network: nn.Module,
    layer: nn.Module,
    task: Task,
    inputs: Tensor,
    target: Tensor,
    setting: Setting,
    report: Reporter,
) -> None:
    """Raises ArithmeticError where the layer cannot be fitted; it is then as it was."""
    groups, each = groups_of(layer), task.at.shape[1]
    gram = Gram()
    for begin in range(0, len(inputs), CHUNK):
        part = slice(begin, begin + CHUNK)
        x = input_rows(layer, inputs[part], task.at[part], task.layer.width).float()
        y = target[begin * each : (begin + CHUNK) * each].to(x.device)
        gram.add(x, y.unflatten(1, (groups, -1)).transpose(0, 1))
        report.check()
    norm = network.get_submodule(task.layer.norm) if task.layer.norm else None
    old = weight_rows(layer).cpu()
    bias = torch.zeros(groups, 1, old.shape[1], dtype=torch.float64)
    if layer.bias is not None:
        bias = layer.bias.detach().cpu().double().view_as(bias)
    centred = layer.bias is not None or norm is not None
    solved = gram.solve(old, bias, setting.ridge, centred=centred, variance=setting.variance)
    with torch.no_grad():
        layer.weight.copy_(solved.weight.flatten(0, 1).view_as(layer.weight))
        if layer.bias is not None:
            layer.bias.add_(solved.shift.to(layer.bias))
        elif norm is not None:
            norm.running_mean.sub_(solved.shift.to(norm.running_mean))
