"""Scores taken anew on what a plan left of a network: what happens between two steps of iterated pruning.

The network is the masked one, so that units keep their numbers: what the plan prunes has weights of zero,
hence scores of zero, and stands last in every order.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from torch import nn

from ..core.plan import Plan
from ..core.progress import Reporter
from ..core.provenance import HASH
from ..core.study import Scores, StudyRecord
from ..families import PrunableNetwork
from ..surgery import find_in, mask, put_back
from .accumulate import MEASURED, score


def rescored(
    study: StudyRecord,
    plan: Plan,
    batches: Iterable,
    report: Reporter | None = None,
    *,
    device: str = "cpu",
    provenance: Mapping[str, Any] | None = None,
    network: nn.Module | None = None,
) -> StudyRecord:
    """The study with importance and orders from the network that `plan` leaves; the method stays the study's.

    With a `network`, losses of widths and blocks are measured on it, where that is the study's method.
    Without, measured ones stay as they are, those of the dense network, for a network as it was cut has lost
    what they would be measured against; only which units a width keeps is ranked anew. The space and the
    latency tables stay as they are: same dims, same blocks. See `score` for the rest.

    Args:
        network: the plan's, repaired or trained since it was cut: its weights are scored.

    Raises:
        MdpError: the plan or the model is another one, or there are no images.
        Cancelled: on request, between batches.
    """
    found = find_in(study)
    left = _left(found, plan, study.scores.order, network)
    old_facts = study.scores.provenance
    measured = old_facts.get("method") in MEASURED
    anew = measured and network is not None
    method = old_facts.get("units_by") if measured and not anew else old_facts.get("method")
    noted = {HASH: study.scores.provenance[HASH]} if HASH in study.scores.provenance else {}
    new = score(left, batches, method, report, device=device, provenance={**noted, **(provenance or {})})
    order = {dim: _kept_first(dim, old, new, plan) for dim, old in study.scores.order.items()}
    scores = Scores(order, new.shares, new.provenance)
    if measured and not anew:
        scores = _same_curves(study.scores, order, new.provenance)
    problem = dataclasses.replace(
        study.problem,
        importance=scores.terms(study.problem.dim),
        provenance={**study.problem.provenance, "importance": dict(scores.provenance)},
    )
    # Other units are kept now: accuracies of networks of the former order say nothing of the new ones.
    dense = {k: v for k, v in (study.accuracy or {}).items() if k not in ("plans", "check")} or None
    return dataclasses.replace(study, problem=problem, scores=scores, accuracy=dense, path=None)


def _same_curves(old: Scores, order: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Scores:
    """The old value of each rank, now that of the unit that has this rank; methods are named as before."""
    shares = []
    for name, block, dim, values in old.shares:
        moved = np.empty(len(values))
        moved[order[dim]] = values[old.order[dim]]
        shares.append((name, block, dim, moved))
    names = {key: old.provenance[key] for key in ("method", "units_by", "against") if key in old.provenance}
    return Scores(order, tuple(shares), {**facts, **names}, old.blocks)


def _left(
    found: PrunableNetwork, plan: Plan, order: Mapping[str, np.ndarray], network: nn.Module | None
) -> PrunableNetwork:
    """The masked network, and of what was found in the dense one that which still has weights."""
    if network is None:
        model = mask(found, plan.choices, plan.removed_blocks, order)
    else:
        model = put_back(found, network, plan.choices, plan.removed_blocks, order)
    tensors = {name for name, _ in model.named_parameters()}
    # Of a graph, the layers of a branch that is gone are still there.
    lost = {dim for dim, kept in plan.choices.items() if kept is None}
    slices = tuple(s for s in found.slices if s.tensor in tensors and s.dim not in lost)
    used = {s.dim for s in slices}
    norms = {
        dim: tuple(norm for norm in own if norm[0] in tensors)
        for dim, own in found.norms.items()
        if dim in used
    }
    space = dataclasses.replace(
        found.space,
        dims=tuple(d for d in found.space.dims if d.name in used),
        blocks=tuple(b for b in found.space.blocks if b.name not in plan.removed_blocks),
        counts={
            name: tuple(p for p in products if p.block not in plan.removed_blocks and used.issuperset(p.dims))
            for name, products in found.space.counts.items()
        },
        moments=(),
    )
    anatomy = found.anatomy and dataclasses.replace(found.anatomy, gone=frozenset(plan.removed_blocks))
    return PrunableNetwork(model, found.ref, space, slices, found.segments, norms, anatomy)


def _kept_first(dim: str, old: np.ndarray, new: Scores, plan: Plan) -> np.ndarray:
    """What is kept in its new order, then what is pruned in its old one."""
    kept = plan.choices.get(dim)
    if kept is None or dim not in new.order:
        return old
    stays = set(old[:kept].tolist())
    return np.array([u for u in new.order[dim].tolist() if u in stays] + old[kept:].tolist(), dtype=np.int64)
