"""The latency of plans' whole networks, each cut out and deployed, timed in turns as `mdp verify` does."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..core.progress import Reporter
from ..core.study import StudyRecord
from ..core.units import refuse_other_units
from .device import ResolvedDeployment
from .measure import Run
from .store import Store
from .timer import Timer, device_timer, timer_for
from .verification import anchor_of_tables, deployment_of, network

if TYPE_CHECKING:
    from ..networks.prunable import PrunableNetwork

Choice = tuple[Mapping[str, int | None], Sequence[str]]


def measured_plans(
    study: StudyRecord,
    found: "PrunableNetwork",
    plans: Sequence[Choice],
    *,
    seconds: float = 60.0,
    report: Reporter | None = None,
    store: Store | None = None,
    timer: Timer | None = None,
) -> tuple[list[float | None], ResolvedDeployment]:
    """(ms of each plan's network, where they were timed); None where the device cannot run one.

    What was measured before is taken from the user's store.

    Args:
        plans: (choices, removed blocks) of each; the dense one has all units and removes nothing.
        seconds: about how long to take.

    Raises:
        MdpError: the study cannot be measured here, or its latency is not in ms.
        Cancelled: on request; what was measured is in the store.
    """
    refuse_other_units(study.problem)
    report, where = report or Reporter(), timer.deployment if timer else deployment_of(study)
    dense = study.problem.dense_choices
    # Dims that only removed blocks use stand as the dense ones: one network, one key.
    full = [({d: dense[d] if n is None else n for d, n in c.items()}, tuple(r)) for c, r in plans]
    workloads = [network(study, found, choices, removed) for choices, removed in full]
    own = Store() if store is None else None
    try:
        with device_timer(where, report, lambda: timer or timer_for(where)) as clock:
            run = Run(
                clock, store or own, {w.key: w for w in workloads}, report, seconds, visit_ms=400.0,
                together=4, reference_ms=anchor_of_tables(study, where),
            )  # fmt: skip
            run.measure_new(run.workloads, "measuring networks")
            run.visit_again("measuring networks again")
            run.settle()
            known = run.known
    finally:
        if own:
            own.close()
    return [None if known[w.key].failure else known[w.key].ms for w in workloads], where
