"""What the sum of the parts misses of the whole, learned on a few whole networks.

A runtime works across the borders of our parts: it fuses, keeps layouts, shares memory. Where it does, the
whole takes about `scale` times the sum of the parts, less `part_ms` for each of them. Both are fitted to
networks of even widths, some with blocks removed, and to a few random ones. `mdp verify` draws others.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.problem import Term
from ..core.progress import Reporter
from ..networks.segments import Workload, whole
from .draws import drawn, spread_evenly
from .measure import Run
from .store import Store
from .timer import Timer

if TYPE_CHECKING:
    from torch import nn

    from ..networks.prunable import PrunableNetwork

# Shares of the dense widths, each with all blocks and, where blocks can go, without every other one.
SHARES = (1.0, 0.7, 0.45, 0.2)
# Random networks to learn from beside the even ones, and the seed that draws them.
DRAWN, SEED = 8, (2204, 18)
# The term of what calling a network costs by itself.
CALL = "calling the runtime"
# No entry falls below this share of what was read.
LEAST = 0.2
# Steps of the fit, and the relative error below which all count alike.
STEPS, NEAR = 10, 0.02
# Limits of the scale: further off, something else is wrong, which verify then shows.
BOUNDS = (0.5, 2.0)


@dataclasses.dataclass(frozen=True)
class Correction:
    """`scale` x ms - `part_ms` for every part, and once `call_ms`, what calling a network costs by itself.
    The median error (relative) on `networks` is `before` and `after`."""

    scale: float
    part_ms: float
    networks: int
    before: float
    after: float
    call_ms: float = 0.0

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return np.maximum(self.scale * values - self.part_ms, LEAST * values)


def corrected(terms: Sequence[Term], told: Correction) -> tuple[Term, ...]:
    """The terms corrected; the call is a term of its own, that no plan changes."""
    made = tuple(dataclasses.replace(term, values=told(term.values)) for term in terms)
    return (*made, Term(CALL, None, (), np.array(told.call_ms))) if told.call_ms else made


def correction_of(provenance: Mapping[str, Any]) -> Correction:
    """The correction that tables say was made of them; one that changes nothing if they say none."""
    kept = provenance.get("whole_networks")
    return Correction(**kept) if isinstance(kept, dict) else Correction(1.0, 0.0, 0, 0.0, 0.0)


def even_networks(found: "PrunableNetwork") -> list[tuple[dict[str, int], tuple[str, ...]]]:
    """(choices, removed blocks) of the networks to learn from, the dense one first."""
    removable = [b.name for b in found.space.blocks if b.removable]
    made = []
    for gone in ((), tuple(removable[1::2])):
        for share in SHARES:
            choices = {
                d.name: min(d.options, key=lambda o, d=d, share=share: abs(o - share * d.units))
                for d in found.space.dims
            }
            if (choices, gone) not in made:
                made.append((choices, gone))
    return made


def networks_to_learn(found: "PrunableNetwork") -> list[tuple[dict[str, int], tuple[str, ...]]]:
    """(choices, removed blocks) of the even networks and of random ones, spread over multiply-adds."""
    even, random = even_networks(found), np.random.default_rng(SEED)
    space, made = found.space, {}
    for _ in range(20 * DRAWN):
        choices, removed = drawn(space.dims, space.blocks, random)
        if (choices, removed) not in even:
            made.setdefault((tuple(choices.values()), removed), (choices, removed))
    sized = [(macs_of(found, c, r), (c, r)) for c, r in made.values()]
    if not sized:
        return even
    return even + [network for _, network in spread_evenly(sized, macs_of(found, *even[0]), DRAWN)]


def macs_of(found: "PrunableNetwork", choices: Mapping[str, int], removed: Sequence[str]) -> float:
    """Multiply-adds of one input."""
    running = [s for s in found.segments if s.block not in removed]
    return sum(s.at(*(choices[dim] for dim in s.dims)).macs for s in running)


def whole_network(
    found: "PrunableNetwork", choices: Mapping[str, int | None], removed: Sequence[str]
) -> Workload:
    """An extracted, deployed network to time; of equal units the first are kept. Nothing is built yet."""

    def make() -> "nn.Module":
        from ..surgery import deploy, extract

        gone = gone_dims(found, removed)
        kept = {dim: None if dim in gone else n for dim, n in choices.items()}
        order = {d.name: tuple(range(d.units)) for d in found.space.dims}
        return deploy(extract(found, kept, removed, order))

    ref = found.ref
    facts = [dict(ref.arguments), list(ref.input_size), ref.classes, dict(choices), list(removed)]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return whole(f"network {ref.name} even {digest}", make, ref)


def gone_dims(found: "PrunableNetwork", removed: Sequence[str]) -> set[str]:
    """Dims that nothing uses once these blocks are removed."""
    used = {dim for s in found.segments if s.block not in removed for dim in s.dims}
    return {dim.name for dim in found.space.dims} - used


def learn(
    found: "PrunableNetwork",
    terms: Sequence[Term],
    timer: Timer,
    store: Store,
    report: Reporter,
    reference_ms: float | None,
    seconds: float = 60.0,
) -> Correction:
    """Measure the networks to learn from and fit the correction; what is in the store is not measured anew.

    Raises:
        Cancelled: on request; what was measured is in the store.
    """
    networks = [(c, r, whole_network(found, c, r)) for c, r in networks_to_learn(found)]
    by_key = {w.key: w for _, _, w in networks}
    run = Run(timer, store, by_key, report, seconds, visit_ms=400.0, together=4, reference_ms=reference_ms)
    run.measure_new(by_key, "whole networks")
    run.visit_again("whole networks again")
    options = {d.name: d.options for d in found.space.dims}
    rows = []
    for choices, removed, workload in networks:
        entry = run.known[workload.key]
        if not entry.failure:
            rows.append((*parts_of(terms, options, choices, removed), entry.ms))
    sums, parts, wholes = np.array(rows, dtype=float).reshape(-1, 3).T
    call = timer.call_ms() if hasattr(timer, "call_ms") else 0.0
    return dataclasses.replace(fit(sums, parts, np.maximum(wholes - call, 0.05 * wholes)), call_ms=call)


def parts_of(terms, options, choices, removed) -> tuple[float, int]:
    """(sum of the parts in ms, how many parts run) of one network."""
    running = [t for t in terms if t.block not in removed]
    values = [t.values[tuple(options[d].index(choices[d]) for d in t.dims)] for t in running]
    return float(sum(values)), len(running)


def fit(sums: np.ndarray, parts: np.ndarray, wholes: np.ndarray) -> Correction:
    """The least relative error, a `part_ms` of at least 0; of few networks a scale.

    Least squares, again and again with less weight to what is far off (Schlossmacher 1973): a network that
    was read at a bad moment decides nothing.
    """
    if not len(sums):
        return correction_of({})
    before = float(np.median(np.abs(sums / wholes - 1)))
    design = np.stack([sums / wholes, -parts / wholes], axis=1)
    scale, part = 0.0, -1.0
    if len(sums) >= 3:
        weights = np.ones(len(sums))
        for _ in range(STEPS):
            (scale, part), *_ = np.linalg.lstsq(design * weights[:, None], weights, rcond=None)
            weights = 1 / np.sqrt(np.maximum(np.abs(design @ (scale, part) - 1), NEAR))
    if part < 0 or not BOUNDS[0] <= scale <= BOUNDS[1]:
        part, scale = 0.0, float(np.clip(1 / np.median(sums / wholes), *BOUNDS))
    after = float(np.median(np.abs((scale * sums - part * parts) / wholes - 1)))
    return Correction(float(scale), float(part), len(sums), round(before, 5), round(after, 5))
