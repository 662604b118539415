"""Torch-Pruning itself (VainF/Torch-Pruning, 1.6) on the same networks, scored on the same images.

Isomorphic grouping with its own Taylor importance, one shot. It knows no latency: its ratio is bisected
until the multiply-adds are the budget's share of dense, and the latency is what its whole network takes. Its
networks are none of our plans, so that closed-form repair does not apply: they are measured as cut. Of timm's
attention it is told the heads, and each keeps as many dims as the others; what it breaks is said.
"""

import copy
from statistics import median

from mdp.core.comparison import MethodPoint

NAME = "torch-pruning"
STEPS = 7  # of the bisection; each prunes a copy of the dense network
MISSING = (
    "Torch-Pruning is not installed, so that it is not among the methods. Install it with: "
    "pip install torch-pruning, or the extra: pip install 'mdp-explorer[benchmarks]'"
)


def add(work, budgets) -> None:
    """Measure Torch-Pruning at each budget of a study that it can prune; say why where it cannot."""
    from .methods import say

    try:
        import torch_pruning  # noqa: F401
    except ImportError:
        say(MISSING)
        return
    from mdp.core.errors import MdpError
    from mdp.core.progress import Reporter
    from mdp.latency.verification import anchor_of_tables, deployment_of
    from mdp.surgery import find_in
    from mdp.training.timing import measure

    missing = [budget for budget in budgets if not work.has(NAME, budget)]
    if not missing:
        return
    study, dense = work.study, find_in(work.study).model
    meter = work.meter_of(None, device="cpu")
    batches = [meter.test[0]] if not work.args.calibration else list(meter.calibration)[:8]
    images, grads, nothing, made = batches[0][0], gradients(dense, batches), [], []
    for budget in missing:
        try:
            made.append((budget, pruned_to(dense, budget, images, grads)))
        except (RuntimeError, ValueError, AttributeError, TypeError, IndexError) as error:
            nothing.append(budget)
            say(f"{study.name}: Torch-Pruning at {100 * budget:.0f} % did not work: {str(error)[:200]}")
    if nothing:
        work.keep(nothing={**work.known.nothing, NAME: (*work.known.nothing.get(NAME, ()), *nothing)})
    if not made:
        return
    times = [None] * len(made)
    try:
        if not work.timed_elsewhere():
            where = deployment_of(study)
            networks = [network for _, network in made]
            times = measure(networks, study.model, where, Reporter(), anchor_of_tables(study, where))
    except MdpError as error:
        say(f"{study.name}: Torch-Pruning's networks were not timed: {error}")
    for (budget, network), ms in zip(made, times, strict=True):
        right = meter.accuracy(network, Reporter())
        work.put(MethodPoint(NAME, budget, None, ms and round(ms, 4), cut=right))
        say(f"{study.name}: Torch-Pruning at {100 * budget:.0f} % of multiply-adds: {100 * right:.1f} as cut")


def gradients(dense, batches) -> list:
    """What the loss of the dense network gives each of its parameters; the same for every ratio."""
    from torch.nn import functional as F

    network = copy.deepcopy(dense).eval().requires_grad_(True)
    for images, labels in batches:
        F.cross_entropy(network(images), labels).backward()
    return [parameter.grad for parameter in network.parameters()]


def pruned_to(dense, share: float, images, grads):
    """A copy of the dense network, pruned until its multiply-adds are at most this share.

    Args:
        images: a few, to follow the network with.
        grads: of its parameters, from `gradients`.
    """
    import torch_pruning as tp

    whole, _ = tp.utils.count_ops_and_params(copy.deepcopy(dense), images[:1])
    low, high, best = 0.0, 0.98, None
    for _ in range(STEPS):
        ratio = median((low, high))
        network = pruned(dense, ratio, images, grads)
        macs, _ = tp.utils.count_ops_and_params(network, images[:1])
        if macs <= share * whole:
            high, best = ratio, network
        else:
            low = ratio
    if best is None:
        raise ValueError("no ratio is enough")
    return best.eval()


def pruned(dense, ratio: float, images, grads):
    """A copy with this share of channels gone from every isomorphic group."""
    import torch
    import torch_pruning as tp

    network = copy.deepcopy(dense).eval().requires_grad_(True)
    attentions = [m for m in network.modules() if hasattr(m, "qkv") and hasattr(m, "num_heads")]
    pruner = tp.pruner.BasePruner(
        network,
        images[:1],
        importance=tp.importance.GroupTaylorImportance(),
        global_pruning=True,
        isomorphic=True,
        pruning_ratio=ratio,
        ignored_layers=[network.get_classifier()],
        num_heads={m.qkv: m.num_heads for m in attentions},  # every head keeps as many dims as the others
        out_channel_groups={},  # its default is one dictionary for all pruners
    )
    for parameter, grad in zip(network.parameters(), grads, strict=True):
        parameter.grad = grad.clone()
    pruner.step()
    for module in attentions:  # timm reads its widths here, and Torch-Pruning leaves them to its caller
        module.head_dim = module.qkv.out_features // (3 * module.num_heads)
        module.attn_dim = module.num_heads * module.head_dim
    with torch.no_grad():
        network(images[:2])  # what its graph got wrong fails here
    network.zero_grad(set_to_none=True)
    return network
