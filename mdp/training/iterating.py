"""Pruning in steps with a network that works in between: score, solve, repair, score again."""

import torch
from torch import nn

from ..core.errors import Cancelled, MdpError
from ..core.plan import Plan
from ..core.progress import PartOf, Reporter
from ..core.study import StudyRecord
from ..datasets import Source
from ..datasets.loader import loader
from ..datasets.source import Split
from ..datasets.unreadable import Unread
from ..importance import rescored
from ..reconstruction import repair
from ..solve import iterate
from ..surgery import extract, find_in

# Of a step's time, about the share that its repair takes; for the progress bar alone.
REPAIRING = 0.3


def rescored_step(
    study: StudyRecord,
    plan: Plan,
    source: Source,
    images: Split,
    report: Reporter,
    *,
    batch: int = 16,
    mend: bool = True,
    seed: int = 0,
    device: str = "cpu",
    facts: dict | None = None,
    unread: Unread | None = None,
) -> StudyRecord:
    """The study, scored anew on what `plan` leaves of its network, repaired before if asked to.

    Args:
        images: training images to repair with and to score on.
        mend: repair first. A network as it was cut answers little right at high ratios, and scores taken on
            it say little of the one that will be used.

    Raises:
        MdpError: weights are not at hand, or images do not fit.
        Cancelled: on request.
    """
    torch.manual_seed(seed)
    batches = loader(images, source, study.model, max(1, min(batch, len(images) // 2)), unread=unread)
    network = _mended(study, plan, batches, PartOf(report, 0.0, REPAIRING), seed, device) if mend else None
    part = PartOf(report, REPAIRING if mend else 0.0, 1.0)
    return rescored(study, plan, batches, part, device=device, provenance=facts, network=network)


def pruned_in_steps(
    study: StudyRecord,
    source: Source,
    budget: float,
    *,
    steps: int = 3,
    images: int = 512,
    mend: bool = True,
    seed: int = 0,
    report: Reporter | None = None,
    device: str = "cpu",
) -> tuple[StudyRecord, Plan]:
    """(the study with the last scores, the plan for `budget`), pruned in steps.

    Args:
        budget: in the unit of the study's latency.
        images: training images of each step; every step takes others.

    Raises:
        MdpError, Infeasible, Cancelled: as `iterate` and `rescored_step`.
    """
    report, studies = report or Reporter(), [study]

    def rescore(plan: Plan):
        step = len(studies)
        part = PartOf(report, (step - 1) / steps, step / steps)
        sample = source.train.sample(images, seed + step)
        new = rescored_step(
            studies[-1], plan, source, sample, part, mend=mend, seed=seed + step, device=device
        )
        studies.append(new)
        return new.problem

    plans = iterate(study.problem, budget, rescore, steps=steps)
    return studies[-1], plans[-1]


def _mended(
    study: StudyRecord, plan: Plan, batches, report: Reporter, seed: int, device: str
) -> nn.Module | None:
    """The plan's network repaired; None where that makes it no better."""
    found = find_in(study)
    pruned = extract(found, plan.choices, plan.removed_blocks, study.scores.order)
    try:
        network, told = repair(pruned, found.model, batches, report, seed=seed, device=device)
    except Cancelled:
        raise
    except MdpError as error:  # too few images, a network without layers that could be fitted
        report.message(f"Not repaired: {error}")
        return None
    report.message(told.text)
    return network.to("cpu") if told.repaired else None
