"""Profiling: from a model's segments to latency tables, measured on the device at hand.

    measure the coarse grid -> fill in the rest, with its error -> refine where that error is too large
    -> visit everything again, so that one bad moment decides nothing

Every reading is in the store before the next one is taken: stop it, kill it, start it again, and it goes on.
"""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import MdpError
from ..core.problem import Term
from ..core.progress import Reporter
from ..core.resources import BYTES
from ..core.study import Tables
from ..networks.layout import check_channels_last, has_channels_last
from ..networks.segments import Segment
from ..operations import ProfileOptions
from .coarse import measure_coarse
from .device import ResolvedDeployment, deployment
from .grid import Surface, survey
from .interpolate import Filled, fill
from .measure import Run
from .runtimes import chosen, exported
from .store import Entry, Store
from .summary import summary
from .timer import Timer, device_timer, timer_for
from .transfer import times_elsewhere, to_measure, with_elsewhere
from .whole_networks import corrected, learn

if TYPE_CHECKING:
    from ..networks.prunable import PrunableNetwork

# Share of the time for whole networks, where they correct what the parts miss.
WHOLE = 0.3


def profile(
    found: "PrunableNetwork",
    *,
    device: str = ProfileOptions.device,
    batch: int = ProfileOptions.batch,
    dtype: str = ProfileOptions.dtype,
    report: Reporter | None = None,
    store: Store | None = None,
    threads: int | None = None,
    memory_format: str = ProfileOptions.memory_format,
    seconds: float = ProfileOptions.seconds,
    tolerance: float = ProfileOptions.tolerance,
    again: bool = False,
    early: Callable[[Tables], None] | None = None,
    timer: Timer | None = None,
    compiled: bool = ProfileOptions.compiled,
    runtime: str = ProfileOptions.runtime,
    like: Tables | None = None,
    share: float = ProfileOptions.share,
) -> Tables:
    """Measure a model's latency tables, in ms for one batch.

    Args:
        found: what a family found in the model.
        device, batch, dtype, threads, compiled, runtime: see `deployment`.
        memory_format: "auto" is channels_last for models with channels, else contiguous; volumes are always.
        seconds: about how long to measure. Where it does not hold the coarse grid, what is missing of that is
            inferred, and a message says so; the smallest and the largest entry of every table are measured
            in any case.
        tolerance: where not everything fits in that time, stop refining a table when its cross-validated
            error is below this.
        again: add one more visit to everything that was measured before.
        early: given the tables as soon as the coarse grid is there.
        timer: for tests; default: that of the device.
        like: tables of the network on another device or in another runtime. Only a `share` (0 to 1] of the
            entries is measured then, and the rest inferred with their help.

    Raises:
        MdpError, Unsupported: see `deployment`; or a table of which nothing fits the device's memory; or
            `like` does not fit the network.
        Cancelled: on request; everything measured is in the store.
    """
    report = report or Reporter()
    if memory_format == "auto":
        channels = any(dim.kind == "channels" for dim in found.space.dims)
        channels = channels and not exported(chosen(runtime, compiled))  # those lay out memory themselves
        memory_format = "channels_last" if channels and has_channels_last(found.model) else "contiguous"
    elif memory_format == "channels_last":
        check_channels_last(found.model)
    if timer:
        where = timer.deployment
    else:
        where = deployment(device, batch, dtype, memory_format, threads, compiled, runtime)
    surfaces, workloads = survey(found.segments, {dim.name: dim.options for dim in found.space.dims})
    elsewhere = times_elsewhere(found, surfaces, like) if like else None
    if elsewhere:
        workloads = {key: workloads[key] for key in to_measure(surfaces, share)}
    own = Store() if store is None else None
    store = store or own
    try:
        with device_timer(where, report, lambda: timer or timer_for(where)) as clock:
            resident_bytes = weight_bytes(found, where)
            whole = WHOLE * seconds if exported(where.runtime) else 0.0
            run = Run(clock, store, workloads, report, seconds - whole, resident_bytes=resident_bytes)
            # What was finished once, as thoroughly, is not refined further: a second profile is instant.
            receipt = _receipt(workloads, seconds, tolerance)
            if not store.entries(run.context, [receipt]):
                complete = True
                if elsewhere:
                    run.measure_new(run.workloads, "a few entries")
                    run.visit_again("measuring again")
                else:
                    soon = early and (lambda: early(assemble(found, surfaces, run)))
                    complete = _measure(run, surfaces, tolerance, soon)
                if complete:
                    store.add(run.context, receipt, failure="not a workload")
            elif again:
                run.once_more("measuring once more")
            run.settle()
            tables = assemble(found, surfaces, run, elsewhere)
            if elsewhere:
                origin = {key: like.provenance.get(key) for key in ("device", "software", "launch")}
                tables = dataclasses.replace(tables, provenance={**tables.provenance, "like": origin})
            if exported(where.runtime):
                tables = made_whole(tables, found, run, whole)
        return tables
    finally:
        if own:
            own.close()


def weight_bytes(found: "PrunableNetwork", resolved: ResolvedDeployment) -> float:
    """Bytes of the dense network's weights as deployed."""
    model = getattr(found, "model", None)
    each = BYTES[resolved.dtype]
    return float(each * sum(p.numel() for p in model.parameters())) if model is not None else 0.0


def _measure(
    run: Run, surfaces: Sequence[Surface], tolerance: float, early: Callable[[], None] | None
) -> bool:
    """Measure what the time holds; False where that is not even the coarse grid."""
    complete = measure_coarse(run, surfaces)
    if not complete:
        return False
    if early:
        start = time.monotonic()
        early()
        run.closing = time.monotonic() - start
    if run.everything_fits():
        run.measure_new(run.workloads, "fine tables")
    else:
        refine(run, surfaces, tolerance)
    run.visit_again("measuring again")
    return True


def refine(run: Run, surfaces: Sequence[Surface], tolerance: float) -> None:
    """Measure finer grids of the tables that are inferred worst, until all are good or half the time is left.

    The other half is for visiting again: an entry that was measured badly is no better than an inferred one.
    """
    end = run.left() / 2
    while run.left() > end:
        open_ = []
        for surface in surfaces:
            missing = surface.next_level(set(run.known))
            filled = fill_surface(surface, run.known)
            if missing and filled.error > tolerance:
                # What a mistake costs: its size in ms, times the segments that it enters.
                cost = len(surface.segments) * filled.error * float(np.mean(filled.values))
                open_.append((cost, surface, missing, filled))
        if not open_:
            return
        _, surface, missing, filled = max(open_, key=lambda item: item[0])
        doubt = dict(zip(surface.keys, filled.deviation * filled.values, strict=True))
        run.measure(sorted(missing, key=doubt.get, reverse=True)[:24], "refining")


def fill_surface(
    surface: Surface, known: Mapping[str, Entry], like: Mapping[str, float] | None = None
) -> Filled:
    """All entries of a surface from those that are known, and from times elsewhere (ms by key).

    Raises:
        MdpError: none of them could be measured.
    """
    entries = [known.get(key) for key in surface.keys]
    measured = np.array([e.ms if e else np.nan for e in entries])
    if not np.isfinite(measured).any():
        why = next((e.failure for e in entries if e and e.failure), "it was not measured")
        raise MdpError(f"No entry of the table of {surface.segments[0]} could be measured: {why}")
    # The standard error of a median is about 0.93 interquartile ranges over the root of the readings.
    noise = np.array([0.93 * e.spread / np.sqrt(max(1, e.repeats)) if e else 0.0 for e in entries])
    trend = with_elsewhere(surface, like)
    return fill(surface.points, trend, measured, noise, None if like else surface.holdout())


def assemble(
    found: "PrunableNetwork", surfaces: Sequence[Surface], run: Run, like: Mapping[str, float] | None = None
) -> Tables:
    """Tables of everything known so far, gaps inferred; provenance and per-term details with them."""
    terms, details = tables_of(found, surfaces, run.known, like)
    return Tables(terms, _provenance(found, run, details), details)


def tables_of(
    found: "PrunableNetwork",
    surfaces: Sequence[Surface],
    known: Mapping[str, Entry],
    like: Mapping[str, float] | None = None,
) -> tuple[tuple[Term, ...], dict[str, Any]]:
    """(terms, details of each) from the entries that are known, gaps inferred, `like` times elsewhere."""
    by_segment: dict[str, np.ndarray] = {}
    details: dict[str, Any] = {}
    for surface in surfaces:
        filled = fill_surface(surface, known, like)
        facts = _details(surface, known, filled)
        for name in surface.segments:
            by_segment[name] = filled.values[surface.index]
            details[name] = facts if name == surface.segments[0] else {"same_as": surface.segments[0]}
    kinds = {dim.name: dim.kind for dim in found.space.dims}
    terms = tuple(_term(p, by_segment[p.name], kinds) for p in found.segments)
    return terms, details


def made_whole(tables: Tables, found: "PrunableNetwork", run: Run, seconds: float) -> Tables:
    """The tables corrected by what their sum misses of a few whole networks (see whole_networks)."""
    told = learn(found, tables.terms, run.timer, run.store, run.report, run.reference_ms, seconds)
    provenance = {**tables.provenance, "whole_networks": dataclasses.asdict(told)}
    return dataclasses.replace(tables, terms=corrected(tables.terms, told), provenance=provenance)


def _term(segment: Segment, values: np.ndarray, kinds: Mapping[str, str]) -> Term:
    """A segment's table as a term. A convolution's is output x input, as in the method; its segment's not."""
    if all(kinds[dim] == "channels" for dim in segment.dims):
        return Term(segment.name, segment.block, segment.dims[::-1], values.T)
    return Term(segment.name, segment.block, segment.dims, values)


def _details(surface: Surface, known: Mapping[str, Entry], filled: Filled) -> dict[str, Any]:
    """Facts about one table: entries are counted as distinct workloads."""
    entries = [known[key] for key in surface.keys if key in known and not known[key].failure]
    failed = [key for key in surface.keys if key in known and known[key].failure]
    return {
        "entries": len(surface.keys),
        "measured": len(entries),
        "failed": failed,
        "inferred_error": _known(filled.error),
        "inferred_worst": _known(filled.worst),
        "spread": round(float(np.median([e.spread for e in entries])), 5),
        "repeats": int(np.median([e.repeats for e in entries])),
    }


def _known(error: float) -> float | None:
    """An error for a file; None where it is not known."""
    return round(error, 5) if np.isfinite(error) else None


def _provenance(found: "PrunableNetwork", run: Run, details: Mapping[str, Any]) -> dict[str, Any]:
    where: ResolvedDeployment = run.timer.deployment
    entries = [e for e in run.known.values() if not e.failure]
    return {
        "model": found.space.model,
        "input_size": list(found.ref.input_size),
        **where.to_json(),
        **summary(details, entries),
        "anchor_ms": run.reference_ms or run.store.anchor(run.context),
        "clock": run.timer.clock,
        "statistic": "median of the readings, each over how slow the anchor beside it was",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _receipt(workloads: Mapping[str, Any], seconds: float, tolerance: float) -> str:
    body = "\n".join(sorted(workloads)) + f"\n{seconds:g} {tolerance:g}"
    return f"finished {hashlib.sha256(body.encode()).hexdigest()[:16]}"
