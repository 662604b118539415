"""Layers that run more than once, one head for several levels, or one encoder for two images: the rows of all
their runs are pooled, since one set of weights has to do for all.

What goes into a later run may depend on layers between: each such layer has a forward of its own, with all
before it repaired, and is solved when its last run has been seen.
"""

from torch import Tensor, nn

from ..core.progress import Reporter
from ..tasks import run
from .gram import Gram
from .layers import hooks
from .plan import Task
from .rows import groups_of, input_rows
from .solved import OTHERS, Setting, fitted, is_held, take_on
from .targets import CHUNK, Targets, cancellable


class _Enough(Exception):
    """The last run was seen: the rest of the forward tells nothing."""


def repair(
    network: nn.Module,
    images: Tensor,
    task: Task,
    wanted: Targets,
    setting: Setting,
    failed: dict[str, str],
    report: Reporter,
) -> None:
    """Fit one layer in place; where that cannot be, `failed` has the reason."""
    layer, target = network.get_submodule(task.name), wanted.outputs.get(task.name)
    if target is None:
        failed[task.name] = OTHERS
        return
    groups, gram = groups_of(layer), Gram()
    if not fitted(task, setting):
        return
    counts = [at.numel() for at, _ in task.runs]
    targets = target.split(counts)
    begin = times = 0

    def runs(name: str, layer: nn.Module, args: tuple) -> None:
        nonlocal times
        at, width = task.runs[times]
        part, each = slice(begin, begin + CHUNK), at.shape[1]
        x = input_rows(layer, args[0], at[part], width).float()
        y = targets[times][begin * each : (begin + CHUNK) * each].to(x.device)
        gram.add(x, y.unflatten(1, (groups, -1)).transpose(0, 1), is_held(begin // CHUNK, setting.ridges))
        times += 1
        if times == len(task.runs):
            raise _Enough

    with hooks() as hook, cancellable(network, report):
        hook(layer.register_forward_pre_hook, runs, task.name)
        for begin in range(0, len(images), CHUNK):  # `runs` looks at it
            times = 0
            try:
                run(network, images[begin : begin + CHUNK])
            except _Enough:
                continue
    try:
        take_on(network, layer, task, gram, setting)
    except ArithmeticError as error:
        failed[task.name] = str(error)
