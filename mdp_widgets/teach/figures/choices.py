"""One-hot choices: the widths of one block, one of each chosen, and how many networks that makes in all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mdp.core.quality import importance_doubt
from mdp.core.study import StudyRecord
from mdp.plot.labels import label_of


@dataclass(frozen=True)
class DimChoice:
    """One dim: its options, which is chosen, and the one-hot vector that says so."""

    dim: str
    label: str
    options: tuple[int, ...]
    kept: int
    shared: bool

    @property
    def one_hot(self) -> tuple[int, ...]:
        return tuple(int(o == self.kept) for o in self.options)


@dataclass(frozen=True)
class ChoicesInfo:
    """What the lesson shows of a block.

    Attributes:
        latency, dense_latency: of the block's own terms, in `unit`.
        importance: of the block's own terms as a share of dense.
        networks: log10 of how many networks the whole study offers.
        doubt: why importance means nothing (see mdp.core.quality), "" where it may.
    """

    block: str
    unit: str
    rows: tuple[DimChoice, ...]
    latency: float
    dense_latency: float
    importance: float
    networks: float
    doubt: str = ""


def choices_info(study: StudyRecord, block: str, kept: Mapping[str, int]) -> ChoicesInfo:
    """The record of one block under some widths; a dim that `kept` leaves out is dense."""
    problem = study.problem
    chosen = problem.dense_choices | dict(kept)
    dims = [d for d in problem.dims if block in problem.dim_blocks[d.name]]
    # What is shared with other blocks comes last: the block's own widths are the lesson.
    dims.sort(key=lambda d: problem.dim_blocks[d.name] != {block})
    rows = []
    for d in dims:
        shared = problem.dim_blocks[d.name] != {block}
        label = label_of(d.name, d.kind, None if shared else block)
        rows.append(DimChoice(d.name, label, d.options, chosen[d.name], shared))

    def total(terms, choices) -> float:
        return math.fsum(problem.entry(t, choices) for t in terms if t.block == block)

    dense = problem.dense_choices
    return ChoicesInfo(
        block=block,
        unit=problem.latency_unit,
        rows=tuple(rows),
        latency=total(problem.latency, chosen),
        dense_latency=total(problem.latency, dense),
        importance=total(problem.importance, chosen) / (total(problem.importance, dense) or 1.0),
        networks=sum(math.log10(len(d.options)) for d in problem.dims)
        + math.log10(2) * sum(b.removable for b in problem.blocks),
        doubt=importance_doubt(study),
    )
