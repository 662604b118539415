"""The test of a table is a whole network: random sub-networks, predicted against measured end to end."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import kendalltau

from ..core.deployment import launched_by
from ..core.errors import MdpError
from ..core.problem import Problem
from ..core.progress import Reporter
from ..core.study import StudyRecord
from ..core.units import refuse_other_units
from ..networks.segments import Workload, whole
from ..operations import VerifyOptions
from .device import ResolvedDeployment, deployment
from .draws import drawn, spread_evenly
from .measure import Run
from .store import Store
from .timer import Timer, device_timer, timer_for

if TYPE_CHECKING:
    from torch import nn

    from ..networks.prunable import PrunableNetwork


@dataclass(frozen=True)
class SubNetwork:
    """One choice, and what the tables say about it (`share` of dense)."""

    choices: Mapping[str, int]
    removed: tuple[str, ...]
    predicted: float
    share: float


def verify(
    study: StudyRecord,
    found: "PrunableNetwork",
    *,
    subnetworks: int = VerifyOptions.subnetworks,
    seed: int = VerifyOptions.seed,
    seconds: float = VerifyOptions.seconds,
    again: bool = False,
    report: Reporter | None = None,
    store: Store | None = None,
    timer: Timer | None = None,
) -> dict[str, Any]:
    """Extract random sub-networks over the whole range of budgets and measure them, beside the dense one.

    With `again`, what was measured before is visited once more. Returns plain JSON: `median_error`,
    `worst_error` (relative, absolute value), `bias` (median of predicted / measured - 1; positive: the tables
    say too much), `tau` (Kendall's), `subnetworks` (how many), `dense` and `points` (predicted, measured,
    spread in ms; share of dense; choices; removed blocks), the device, and `same_device`: whether it is the
    one that the tables were measured on; `another` says in words why it is not.

    Raises:
        MdpError: the study cannot be measured here (no such kind of device), or nothing could be, or its
            latency is not in ms.
        Cancelled: on request; what was measured is in the store.
    """
    refuse_other_units(study.problem)
    report = report or Reporter()
    where = timer.deployment if timer else deployment_of(study)
    chosen = sample(study.problem, subnetworks, seed)
    workloads = [network(study, found, c.choices, c.removed) for c in chosen]
    dense = network(study, found, study.problem.dense_choices, ())
    own = Store() if store is None else None
    store = store or own
    try:
        with device_timer(where, report, lambda: timer or timer_for(where)) as clock:
            by_key = {w.key: w for w in (dense, *workloads)}
            reference_ms = anchor_of_tables(study, where)
            run = Run(
                clock,
                store,
                by_key,
                report,
                seconds,
                visit_ms=400.0,
                together=4,
                seed=seed,
                reference_ms=reference_ms,
            )
            run.measure_new(run.workloads, "measuring sub-networks")
            run.visit_again("measuring sub-networks again")
            if again:
                run.once_more("measuring sub-networks once more")
            run.settle()
            known = run.known
    finally:
        if own:
            own.close()
    points = [
        {"predicted": c.predicted, "measured": known[w.key].ms, "spread": known[w.key].spread,
         "share": c.share, "choices": dict(c.choices), "removed": list(c.removed)}
        for w, c in zip(workloads, chosen, strict=True) if not known[w.key].failure
    ]  # fmt: skip
    if not points:
        raise MdpError(f"None of the sub-networks could be measured: {known[dense.key].failure}")
    facts = statistics([p["predicted"] for p in points], [p["measured"] for p in points])
    full = known[dense.key]
    return {
        **facts,
        "dense": {"predicted": study.problem.dense_latency, "measured": full.ms, "spread": full.spread},
        "device": where.device,
        "software": where.software,
        "same_device": same_device(study, where),
        **({"another": why} if (why := why_another(study, where)) else {}),
        "seed": seed,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "points": points,
    }


def statistics(predicted: Sequence[float], measured: Sequence[float]) -> dict[str, Any]:
    """The summary of predicted against measured latencies (ms): see `verify`."""
    predicted, measured = np.asarray(predicted, dtype=float), np.asarray(measured, dtype=float)
    error = predicted / measured - 1
    tau = float(kendalltau(predicted, measured).statistic) if len(measured) > 1 else float("nan")
    return {
        "median_error": float(np.median(np.abs(error))),
        "worst_error": float(np.abs(error).max()),
        "bias": float(np.median(error)),
        "tau": tau if tau == tau else None,
        "subnetworks": len(measured),
    }


def sample(problem: Problem, count: int, seed: int) -> list[SubNetwork]:
    """`count` random choices whose predicted latencies spread evenly from the smallest drawn to dense.

    Many more are drawn, at every overall width and with every share of blocks removed; then for each of
    `count` equidistant latencies the nearest draw is taken.
    """
    random = np.random.default_rng(seed)
    made = {}
    for _ in range(60 * count):
        choices, removed = drawn(problem.dims, problem.blocks, random)
        made.setdefault((tuple(choices.values()), removed), (choices, removed))
    sized = [(problem.total(problem.latency, c, r), (c, r)) for c, r in made.values()]
    return [
        SubNetwork(choices, removed, latency, latency / problem.dense_latency)
        for latency, (choices, removed) in spread_evenly(sized, problem.dense_latency, count)
    ]


def network(
    study: StudyRecord, found: "PrunableNetwork", choices: Mapping[str, int | None], removed: Sequence[str]
) -> Workload:
    """The extracted, deployed network of a choice as something to time; nothing is built yet."""

    def make() -> "nn.Module":
        from ..surgery import deploy, extract

        gone = study.problem.unused_dims(removed)
        kept = {dim: None if dim in gone else units for dim, units in choices.items()}
        return deploy(extract(found, kept, removed, study.scores.order))

    shape = [dict(study.model.arguments), list(study.model.input_size), dict(choices), list(removed)]
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True, default=str).encode()).hexdigest()[:16]
    macs = study.count("macs", choices, removed) if "macs" in study.counts else 0.0
    return whole(f"network {study.model.name} {digest}", make, study.model, macs)


def deployment_of(study: StudyRecord) -> ResolvedDeployment:
    """The deployment that a study's tables were measured for, on this machine's device of that kind.

    Raises:
        MdpError, Unsupported: this machine has no such device, the provenance does not say enough, or nothing
            was timed.
    """
    refuse_other_units(study.problem)
    p = study.tables.provenance
    if p.get("launch") == "imported":
        raise MdpError(
            f"The tables of {study.name!r} were measured on {p.get('device')} and imported: nothing can be "
            "measured for them here. Whole networks to verify with travel in the kit (mdp kit)."
        )
    if "kind" not in p:
        raise MdpError(
            f"The study {study.name!r} does not say on which kind of device its tables were measured."
        )
    threads = p.get("threads") or None
    layout, runtime = p.get("memory_format", "contiguous"), launched_by(p.get("launch", ""))
    return deployment(p["kind"], p.get("batch"), p.get("dtype"), layout, threads, runtime=runtime)


def anchor_of_tables(study: StudyRecord, resolved: ResolvedDeployment) -> float | None:
    """The anchor's ms beside which the tables' times stand, if this is their device: see Store.entries."""
    return study.tables.provenance.get("anchor_ms") if same_device(study, resolved) else None


def same_device(study: StudyRecord, resolved: ResolvedDeployment) -> bool:
    """Whether tables and this machine agree in everything that a latency depends on."""
    return not why_another(study, resolved)


def why_another(study: StudyRecord, resolved: ResolvedDeployment) -> str:
    """A sentence that says in what a study's tables and this machine differ; "" if in nothing."""
    p, here = study.tables.provenance, resolved.to_json()
    differ = {key: p.get(key) for key, value in here.items() if p.get(key) != value}
    if not differ:
        return ""
    words = []
    if "software" in differ:
        words.append(_other_software(str(p.get("software") or ""), resolved.software))
    words += [
        f"{key.replace('_', ' ')} {there if there is not None else 'unknown'} there and {here[key]} here"
        for key, there in differ.items()
        if key not in ("device", "software")
    ]
    there = p.get("device") or "an unknown device"
    first = f", and this is {resolved.device}" if "device" in differ else " too, but otherwise than here"
    return f"The tables of {study.name!r} were measured on {there}{first}{': ' if words else ''}" + (
        "; ".join(words) + "."
    )


def refuse_another(study: StudyRecord, resolved: ResolvedDeployment) -> None:
    """Raise MdpError if entries measured here and now cannot stand in the study's tables."""
    if why := why_another(study, resolved):
        raise MdpError(
            f"{why} Entries of both cannot stand in one table. Measure the model here first (mdp profile) "
            "and build a study of that."
        )


def _other_software(there: str, here: str) -> str:
    """What of two lists of software is not in both."""
    old, new = there.split(", ") if there else [], here.split(", ")
    gone = ", ".join(part for part in old if part not in new)
    come = ", ".join(part for part in new if part not in old)
    if gone and come:
        return f"with {gone} there and {come} here"
    return f"with {gone} there only" if gone else f"they do not say that it was with {come}, as it is here"
