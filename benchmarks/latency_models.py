"""Simpler ways to predict a network's latency, beside our tables: what each says of measured networks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mdp.core.how_found import has_split_blocks
from mdp.core.problem import Problem
from mdp.core.progress import ConsoleReporter
from mdp.core.study import StudyRecord
from mdp.families import find
from mdp.latency.measure import Run
from mdp.latency.profiling import weight_bytes
from mdp.latency.store import Store
from mdp.latency.timer import Timer
from mdp.latency.verification import anchor_of_tables
from mdp.networks.segments import Workload
from mdp.solve import with_linear_latency

if TYPE_CHECKING:
    from mdp.families import PrunableNetwork

LINEAR, BARE, SPLIT, OURS = (
    "(a) linear in each output width",
    "(b) bare layers",
    "(b') the paper's split of attention",
    "(c) our tables",
)


def predictions(
    study: StudyRecord, found: "PrunableNetwork", points: Sequence[dict], timer: Timer, store: Store
) -> dict[str, list[float]]:
    """Model -> ms of every point of a verification. (b) and (b') are measured here, two visits to each part.

    (a) is the study's table of each layer at its dense input (HALP's model), (b) the sum of convolutions,
    linear layers and products of matrices timed alone; (b'), of transformers only, prices everything, but
    cuts attention in two as the paper's tables do (see mdp.families.vit_split).
    """
    linear = with_linear_latency(study.problem)
    made = {LINEAR: [predict(linear, point) for point in points]}
    transformer = found.space.family == "vit"
    segments = found.segments
    if transformer:
        split_blocks = has_split_blocks(study.problem.block)
        segments = find(found.model, found.ref, split_blocks=split_blocks, attention="split").segments
    split = [used(segments, point) for point in points]
    layers = {work.key: layers_of(work) for works in split for work in works}
    bare = [[layer for work in works for layer in layers[work.key]] for works in split]
    sums = {BARE: bare, **({SPLIT: split} if transformer else {})}
    wanted = {work.key: work for rows in sums.values() for row in rows for work in row}
    reference_ms, resident_bytes = (
        anchor_of_tables(study, timer.deployment),
        weight_bytes(found, timer.deployment),
    )
    run = Run(
        timer,
        store,
        wanted,
        ConsoleReporter(),
        600.0,
        reference_ms=reference_ms,
        resident_bytes=resident_bytes,
    )
    for _ in range(2):
        run.measure(wanted, "parts of networks")
    for name, rows in sums.items():
        made[name] = [float(np.sum([run.known[work.key].ms for work in row])) for row in rows]
    return {**made, OURS: [predict(study.problem, point) for point in points]}


def predict(problem: Problem, point: dict) -> float:
    """What a problem's tables say about a measured network."""
    return problem.total(problem.latency, point["choices"], point["removed"])


def used(segments: Sequence, point: dict) -> list[Workload]:
    """The workloads that a network is made of, those of its equal pieces several times."""
    kept = [segment for segment in segments if segment.block not in point["removed"]]
    return [segment.at(*(point["choices"][dim] for dim in segment.dims)) for segment in kept]


def layers_of(workload: Workload) -> list[Workload]:
    """The convolutions, linear layers and products inside a workload, each as one of its own."""
    import torch
    from torch import nn

    from mdp.families.vit_split import MatrixProduct

    module = workload.make().eval()
    seen: list[tuple[nn.Module, tuple[tuple[int, ...], ...]]] = []
    hooks = [
        m.register_forward_hook(
            lambda m, args, out: seen.append((m, tuple(tuple(a.shape[1:]) for a in args)))
        )
        for m in module.modules()
        if isinstance(m, (nn.Conv2d, nn.Linear, MatrixProduct))
    ]
    with torch.inference_mode():
        module(*(torch.zeros(1, *shape) for shape in workload.inputs))
    for hook in hooks:
        hook.remove()
    return [
        Workload(
            f"bare {layer} @{' '.join('x'.join(map(str, s)) for s in shapes)}",
            lambda layer=layer: layer,
            shapes,
        )
        for layer, shapes in seen
    ]
