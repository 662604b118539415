"""One pass over a pruned network: every layer is fitted to the dense one as soon as its inputs arrive.

Least squares with a ridge towards the present weights, layer by layer, each on what the repaired ones before
it put out (as in He et al. 2017, arXiv 1707.06168, and its kin). All images go through together: a layer is
solved in the middle of the forward, which then goes on with its new weights, so that all costs one forward.
A layer that runs more than once has a forward of its own, see pooled.py.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from torch import Tensor, nn

from ..core.progress import Reporter
from ..tasks import run
from . import pooled
from .gram import Gram
from .layers import hooks
from .plan import Task
from .rows import groups_of, input_rows, rows_at
from .solved import OTHERS, Setting, fitted, is_held, take_on
from .streams import Read, as_layer_outputs
from .targets import CHUNK, Targets, cancellable, watch

# A stream's error counts this little where what the layer adds to it is scaled to next to nothing.
SMALLEST_SCALE = 1e-3


def sweep(
    network: nn.Module,
    images: Tensor,
    todo: Sequence[Task],
    wanted: Targets,
    setting: Setting,
    report: Reporter,
) -> dict[str, str]:
    """Repair `network` in place; returns layer -> why it was left as it is."""
    failed: dict[str, str] = {}
    done = 0

    def repaired(name: str) -> None:
        nonlocal done
        done += 1
        report.step(done, len(todo), f"repairing {name}")

    for several, tasks in groupby(todo, key=lambda t: bool(t.more)):
        if not several:
            _all_at_once(network, images, list(tasks), wanted, setting, failed, repaired, report)
            continue
        for task in tasks:
            pooled.repair(network, images, task, wanted, setting, failed, report)
            repaired(task.name)
    return failed


def _all_at_once(
    network: nn.Module,
    images: Tensor,
    todo: Sequence[Task],
    wanted: Targets,
    setting: Setting,
    failed: dict[str, str],
    repaired: Callable[[str], None],
    report: Reporter,
) -> None:
    by_layer = {t.name: t for t in todo}
    streams: dict[str, Tensor] = {}
    by_read: dict[Read, list[Task]] = {}
    for task in todo:
        if task.write and task.write.before and setting.residual:
            by_read.setdefault(task.write.before, []).append(task)

    def passes(one: Read, tensor: Tensor) -> None:
        for task in by_read[one]:
            rows = rows_at(tensor, task.at, one.axis)
            streams[task.name] = wanted.streams[task.name] - rows.float().cpu()

    def layer_runs(name: str, layer: nn.Module, args: tuple) -> None:
        task = by_layer[name]
        if fitted(task, setting):
            target = wanted.outputs.get(name)
            more = [setting.residual * streams.pop(name)] if name in streams else []
            if name in wanted.ahead and setting.removed:
                more.append(setting.removed * wanted.ahead[name])
            if more and target is not None:
                target = target + as_layer_outputs(sum(more), task.write.factor(network), SMALLEST_SCALE)
            try:
                _fit(network, layer, task, args[0], target, setting, report)
            except ArithmeticError as error:
                failed[name] = str(error)
        repaired(name)

    with hooks() as hook, cancellable(network, report):
        watch(network, by_read, passes, hook)
        for name in by_layer:
            hook(network.get_submodule(name).register_forward_pre_hook, layer_runs, name)
        run(network, images)


def _fit(
    network: nn.Module,
    layer: nn.Module,
    task: Task,
    inputs: Tensor,
    target: Tensor | None,
    setting: Setting,
    report: Reporter,
) -> None:
    """Raises ArithmeticError where the layer cannot be fitted; it is then as it was."""
    if target is None:
        raise ArithmeticError(OTHERS)
    groups, each = groups_of(layer), task.at.shape[1]
    gram = Gram()
    for number, begin in enumerate(range(0, len(inputs), CHUNK)):
        part = slice(begin, begin + CHUNK)
        x = input_rows(layer, inputs[part], task.at[part], task.layer.width).float()
        y = target[begin * each : (begin + CHUNK) * each].to(x.device)
        gram.add(x, y.unflatten(1, (groups, -1)).transpose(0, 1), is_held(number, setting.ridges))
        report.check()
    take_on(network, layer, task, gram, setting)
