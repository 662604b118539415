"""Second moments of what a transformer's residual stream and heads carry, summed batch by batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional as F

from ...core.progress import Reporter
from ...families.vit_parts import AttentionPart
from ..layers import hooks
from ..targets import CHUNK, cancellable


@dataclass
class Moments:
    """Sums over tokens, float64, on the CPU.

    Attributes:
        stream: of normalised streams, all norms that read it together, each counting the same.
        queries, keys: by attention, (heads, width, width); of keys without their mean, which changes no
            attention.
        values: by attention, of the heads' outputs.
    """

    stream: Tensor | float = 0.0
    queries: dict[str, Tensor] = field(default_factory=dict)
    keys: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Tensor] = field(default_factory=dict)


def moments(
    model: nn.Module,
    images: Tensor,
    norms: Mapping[str, Sequence[str]],
    attentions: Sequence[AttentionPart],
    report: Reporter,
) -> Moments:
    """Run the images through once.

    Args:
        norms: those that read the stream, by name; the last of all is looked at where the answer is read.
        attentions: whose queries, keys and values are wanted.
    """
    found, means, rows = Moments(), {}, {}
    answer = getattr(model, "global_pool", "") == "token"

    def norm_runs(name: str, norm: nn.Module, args: tuple) -> None:
        x = args[0][:, :1] if name == "norm" and answer else args[0]
        x = F.layer_norm(x, x.shape[-1:]).flatten(0, -2)
        found.stream = found.stream + (x.mT @ x).double().cpu() * CHUNK / len(x)

    def made(part: AttentionPart, layer: nn.Module, args: tuple, out: Tensor) -> None:
        out = out.flatten(0, -2)
        for which, at in zip((found.queries, found.keys), part.rows()[:2], strict=True):
            x = out[:, at[:, 0]].transpose(0, 1)  # (heads, rows, width)
            if which is found.keys:
                means[part.name] = means.get(part.name, 0.0) + x.sum(1).double().cpu()
            which[part.name] = which.get(part.name, 0.0) + (x.mT @ x).double().cpu()
        rows[part.name] = rows.get(part.name, 0) + len(out)

    def writes(part: AttentionPart, layer: nn.Module, args: tuple) -> None:
        x = args[0].flatten(0, -2).unflatten(1, (part.heads, part.v)).transpose(0, 1)
        found.values[part.name] = found.values.get(part.name, 0.0) + (x.mT @ x).double().cpu()

    with hooks() as hook, cancellable(model, report):
        for name in norms:
            hook(model.get_submodule(name).register_forward_pre_hook, norm_runs, name)
        for part in attentions:
            hook(model.get_submodule(part.reads[0]).register_forward_hook, made, part)
            hook(model.get_submodule(part.writes).register_forward_pre_hook, writes, part)
        for begin in range(0, len(images), CHUNK):
            model(images[begin : begin + CHUNK])
            report.step(min(begin + CHUNK, len(images)), len(images), "looking at the dense network")
    for name, total in means.items():
        found.keys[name] -= total[:, :, None] * total[:, None] / rows[name]
    return found
