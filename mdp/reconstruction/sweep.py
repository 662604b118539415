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
from .streams import Read, as_layer_outputs
from .targets import Targets, cancellable, watch

# Images whose patches are laid out at once.
CHUNK = 32
# Of so many chunks, one judges ridges where there are several.
JUDGE = 4
# A stream's error counts this little where what the layer adds to it is scaled to next to nothing.
SMALLEST_SCALE = 1e-3


@dataclass(frozen=True)
class Setting:
    """How to repair.

    Attributes:
        ridge: weight of the present weights, in units of the mean diagonal of XᵀX.
        ridges: where several are given, each layer has the one that does best on every fourth image.
        residual: share of a residual stream's error that layers writing to it take on.
        removed: share of what removed blocks added that the layer which wrote to the stream before them
            takes on.
        variance: 0 to 1, how far the variance of outputs is kept up.
        depthwise: whether convolutions with groups are repaired.
        sweeps: how often all was gone through.
        step: share of the way from the network as it was cut.
    """

    ridge: float = 1e-2
    ridges: tuple[float, ...] = ()
    residual: float = 0.5
    removed: float = 1.0
    variance: float = 0.0
    depthwise: bool = True
    sweeps: int = 1
    step: float = 1.0


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
    streams: dict[str, Tensor] = {}
    failed: dict[str, str] = {}
    done = 0
    by_read: dict[Read, list[Task]] = {}
    for task in todo:
        if task.write and task.write.before and setting.residual:
            by_read.setdefault(task.write.before, []).append(task)

    def passes(one: Read, tensor: Tensor) -> None:
        for task in by_read[one]:
            rows = rows_at(tensor, task.at, one.axis)
            streams[task.name] = wanted.streams[task.name] - rows.float().cpu()

    def layer_runs(name: str, layer: nn.Module, args: tuple) -> None:
        nonlocal done
        task = by_layer[name]
        if fitted(task, setting):
            target = wanted.outputs[name]
            more = [setting.residual * streams.pop(name)] if name in streams else []
            if name in wanted.ahead and setting.removed:
                more.append(setting.removed * wanted.ahead[name])
            if more:
                target = target + as_layer_outputs(sum(more), task.write.factor(network), SMALLEST_SCALE)
            try:
                _fit(network, layer, task, args[0], target, setting, report)
            except ArithmeticError as error:
                failed[name] = str(error)
        done += 1
        report.step(done, len(todo), f"repairing {name}")

    with hooks() as hook, cancellable(network, report):
        watch(network, by_read, passes, hook)
        for name in by_layer:
            hook(network.get_submodule(name).register_forward_pre_hook, layer_runs, name)
        run(network, images)
    return failed


def fitted(task: Task, setting: Setting | None) -> bool:
    """Whether this layer is one that the setting repairs."""
    return setting is None or setting.depthwise or task.layer.groups == 1


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
    for number, begin in enumerate(range(0, len(inputs), CHUNK)):
        part = slice(begin, begin + CHUNK)
        x = input_rows(layer, inputs[part], task.at[part], task.layer.width).float()
        y = target[begin * each : (begin + CHUNK) * each].to(x.device)
        held = len(setting.ridges) > 1 and number % JUDGE == JUDGE - 1
        gram.add(x, y.unflatten(1, (groups, -1)).transpose(0, 1), held)
        report.check()
    norm = network.get_submodule(task.layer.norm) if task.layer.norm else None
    old = weight_rows(layer).cpu()
    bias = torch.zeros(groups, 1, old.shape[1], dtype=torch.float64)
    if layer.bias is not None:
        bias = layer.bias.detach().cpu().double().view_as(bias)
    centred = layer.bias is not None or norm is not None
    ridge = gram.best_ridge(old, bias, setting.ridges or (setting.ridge,), centred=centred)
    solved = gram.solve(old, bias, ridge, centred=centred, variance=setting.variance)
    with torch.no_grad():
        layer.weight.copy_(solved.weight.flatten(0, 1).view_as(layer.weight))
        if layer.bias is not None:
            layer.bias.add_(solved.shift.to(layer.bias))
        elif norm is not None:
            norm.running_mean.sub_(solved.shift.to(norm.running_mean))
