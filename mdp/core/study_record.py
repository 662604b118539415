"""A study as an object: one model with its measured latency tables and importance scores, joined."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .activations import activation_memory
from .counted import counted_in, counted_terms, unit_of
from .errors import MdpError
from .model_ref import ModelRef
from .problem import Dim, Problem, Term, check
from .resources import MADE, amount, counted
from .space import Moment, Product, Skipped, Space
from .units import check_times


@dataclass(frozen=True, eq=False)
class Tables:
    """Latency terms in ms over a space, with how they were measured.

    `provenance` holds at least device, batch, dtype; and torch, driver, memory_format, threads, created.
    `details` holds, per term, whatever the profiler keeps about its entries (spread, what was inferred).
    """

    terms: tuple[Term, ...]
    provenance: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        p = self.provenance
        return f"Tables({len(self.terms)} terms, {p.get('device')}, batch {p.get('batch')}, {p.get('dtype')})"


def counted_tables(space: Space, budget_in: str) -> Tables:
    """What stands in the place of latency tables where the budget is of parameters, macs or weight_memory.

    Raises:
        MdpError: it is none of these, or the network does not know its counts.
    """
    return Tables(*counted_terms(space, budget_in))


def interpolation_note(tables: Tables) -> str:
    """How much of the tables was inferred, and how well by cross-validation; "" if they do not say."""
    p = tables.provenance
    try:
        entries, measured, unknown = int(p["entries"]), int(p["measured"]), int(p.get("error_unknown", 0))
        error = None if p["inferred_error"] is None else float(p["inferred_error"])
    except (KeyError, TypeError, ValueError):
        return ""
    if measured >= entries:
        return f"All {entries} entries of the tables were measured."
    told = f"{measured} of the {entries} entries of the tables were measured; the others were inferred"
    if error is None:
        return f"{told}. How well is not known: too few were measured."
    told += f", with a median error of {100 * error:.1f} % in the worst table (cross-validated)."
    some = f" Of {unknown} of them the error is not known: too few entries of their tables were measured."
    return told + (some if unknown else "")


@dataclass(frozen=True, eq=False)
class Scores:
    """Importance of every unit, and the order in which units are kept.

    Attributes:
        order: dim -> unit indices of the dense model, most important first; shape (units,), int.
        shares: importance per unit, in the dense model's unit order: (term name, block or None, dim) and an
            array of shape (units,). A dim may have several shares: one per layer that uses it.
        provenance: method, dataset, images, seed, created, ...; `agreement` (dim -> rank correlation between
            two disjoint halves of the images) where known.
        blocks: block -> what it is worth beyond its shares, mostly negative: where the loss without a whole
            block was measured, it is less than the sum of what its dims lose one by one. Empty for scores
            that only add up.
    """

    order: Mapping[str, np.ndarray]
    shares: tuple[tuple[str, str | None, str, np.ndarray], ...]
    provenance: Mapping[str, Any]
    blocks: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        images = self.provenance.get("images")
        on = f", {images} images" if images else ""
        return f"Scores({len(self.order)} dims, {self.provenance.get('method')}{on})"

    def terms(self, dims: Mapping[str, Dim]) -> tuple[Term, ...]:
        """Make one importance term per share: entry i is the summed score of the top `options[i]` units. Then
        one of no dim per block that is worth more or less than its shares."""
        units = (
            Term(name, block, (dim,), _top_sums(values, self.order[dim], dims[dim].options))
            for name, block, dim, values in self.shares
        )
        whole = (
            Term(f"{b} as a whole", b, (), np.array(v, dtype=np.float64)) for b, v in self.blocks.items()
        )
        return (*units, *whole)


@dataclass(frozen=True, eq=False)
class Deployed:
    """A deployment of a study's network beside the one that its budget is of: see mdp.core.deployments."""

    name: str
    tables: Tables
    verification: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class StudyRecord:
    """What the explorer opens. `problem` is what solvers see; the rest says where it came from.

    Attributes:
        counts: "parameters" and "macs" as sums of products, for any plan (see space.Product).
        moments: what is in memory at once, for any plan (see space.Moment); () where that is not known.
        verification: predicted against measured latency of whole random sub-networks, left by `mdp verify`.
        accuracy: {"dense": ..., "dataset": ...} where it was measured; "plans" and "check" as
            `mdp.core.plan_accuracy` and `mdp.core.quality` read them.
        path: the file it came from, None if not saved.
        deployment, others: where there are several, the name of the one that the budget is of, and the rest,
            whose latency the problem knows as resources; `home` is the one that the study was built with.
    """

    name: str
    model: ModelRef
    family: str
    problem: Problem
    tables: Tables
    scores: Scores
    counts: Mapping[str, tuple[Product, ...]] = field(default_factory=dict)
    moments: tuple[Moment, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    verification: Mapping[str, Any] | None = None
    accuracy: Mapping[str, Any] | None = None
    path: Path | None = None
    deployment: str = ""
    others: tuple[Deployed, ...] = ()
    home: str = ""

    @property
    def place(self) -> str:
        """What `load_study` finds exactly this by: its path, with `@laptop` for another deployment of it."""
        away = f"@{self.deployment}" if self.deployment != self.home else ""
        return f"{self.path}{away}" if self.path else ""

    def __repr__(self) -> str:
        error = (self.verification or {}).get("median_error")
        band = "not verified yet" if error is None else f"median error {100 * error:.1f} %"
        dense = f"{amount(self.problem.dense_latency, self.problem.latency_unit)} dense"
        dense += "" if counted_in(self.tables.provenance) else f", {band}"
        return f"Study({self.name!r}, {self.model.name}, {dense})"

    def count(self, kind: str, choices: Mapping[str, int | None] | None = None, removed=()) -> float:
        """Count parameters or MACs of a plan (default: of the dense model)."""
        choices = self.problem.dense_choices if choices is None else choices
        return sum(p.value(choices, frozenset(removed)) for p in self.counts[kind])


def build_study(
    name: str, model: ModelRef, space: Space, tables: Tables, scores: Scores, **extra: Any
) -> StudyRecord:
    """Join a space, its tables and its scores. `extra` sets optional fields of Study.

    Raises:
        MdpError: tables or scores are of another model, or leave out a dim or a block.
        BadFile: the tables hold what cannot be a time (see mdp.core.units).
    """
    dims = tuple(d.as_dim() for d in space.dims)
    by_name = {d.name: d for d in dims}
    scored = [*scores.order.items(), *((dim, values) for _, _, dim, values in scores.shares)]
    for what, names in (
        ("tables", {d for t in tables.terms for d in t.dims}),
        ("scores", {d for d, _ in scored}),
    ):
        if names - set(by_name):
            stranger = min(names - set(by_name))
            raise MdpError(f"The {what} are of another model: {space.model} has no dim {stranger!r}.")
    blocks = {None, *(b.name for b in space.blocks)}
    for what, made, named in (
        ("tables", "mdp profile", {t.block for t in tables.terms}),
        ("scores", "mdp score", {*(block for _, block, _, _ in scores.shares), *scores.blocks}),
    ):
        if named - blocks:
            raise MdpError(
                f"The {what} are of other blocks: {space.model} has no block {min(named - blocks)!r} here. "
                f"Make both with --split-blocks, or both without; `{made}` makes these."
            )
    missing = set(by_name) - set(scores.order)
    if missing:
        raise MdpError(f"The scores leave out dim {min(missing)!r} of {space.model}; score the model anew.")
    for dim, values in scored:
        if len(values) != by_name[dim].dense:
            raise MdpError(
                f"The scores are of another model: they have {len(values)} units of {dim!r}, and "
                f"{space.model} has {by_name[dim].dense}. Score the model anew."
            )
    problem = Problem(
        name=name,
        latency_unit=unit_of(tables.provenance),
        dims=dims,
        blocks=space.blocks,
        latency=tables.terms,
        importance=scores.terms(by_name),
        provenance={
            "model": space.model,
            "latency": dict(tables.provenance),
            "importance": dict(scores.provenance),
        },
    )
    check(problem)
    if not counted_in(tables.provenance):
        check_times(problem, f"tables of {space.model}", tables.details)
    problem = with_counts(problem, space.counts, space.moments, tables.provenance)
    return StudyRecord(
        name, model, space.family, problem, tables, scores, space.counts, space.moments, space.skipped,
        **extra,
    )  # fmt: skip


def with_counts(
    problem: Problem,
    counts: Mapping[str, tuple[Product, ...]],
    moments: tuple[Moment, ...],
    provenance: Mapping[str, Any],
) -> Problem:
    """The problem with the resources that follow from counts, beside those that it has of its own."""
    dtype = provenance.get("dtype")
    made = counted(counts, problem.dims, dtype if isinstance(dtype, str) else "")
    peak = activation_memory(moments, problem.dims, provenance)
    own = tuple(r for r in problem.resources if r.name not in MADE)
    return replace(problem, resources=(*made, *peak, *own))


def without_counts(problem: Problem) -> Problem:
    """The problem as a study's file holds it: what follows from its counts stands there once."""
    return replace(problem, resources=tuple(r for r in problem.resources if r.name not in MADE))


def _top_sums(values: np.ndarray, order: np.ndarray, options: tuple[int, ...]) -> np.ndarray:
    return np.cumsum(np.asarray(values, dtype=np.float64)[np.asarray(order)])[np.asarray(options) - 1]
