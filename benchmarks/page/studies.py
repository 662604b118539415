"""Studies of real sizes to measure the page on. Synthetic ones say so in their name; nothing was measured."""

import numpy as np

from benchmarks.problems import DEIT_BASE, synthetic
from mdp.core.problem import Block, Dim, Problem, Term, check, load_problem
from mdp.core.space import Product, width_options
from mdp.core.study import ModelRef, Scores, StudyRecord, Tables
from mdp_widgets.server.serve import REPO

PROVENANCE = {"device": "synthetic (not measured)", "batch": 64, "dtype": "float32"}
REFERENCE = REPO.parent / "shared" / "reference" / "resnet50-step4.json"


def studies() -> list[StudyRecord]:
    """DeiT-Base and ResNet-50 sized, and the authors' own ResNet-50 where the reference is at hand."""
    found = [study_of(synthetic(DEIT_BASE)), study_of(synthetic_resnet50())]
    if REFERENCE.exists():
        found.append(study_of(load_problem(REFERENCE)))
    return found


def study_of(problem: Problem) -> StudyRecord:
    """A study around a bare problem: units ranked as they come, each worth what its option adds."""
    order = {d.name: np.arange(d.options[-1]) for d in problem.dims}
    shares = [
        (t.name, t.block, t.dims[0], unit_scores(np.asarray(t.values), problem.dim[t.dims[0]].options))
        for t in problem.importance
        if len(t.dims) == 1
    ]
    products = {d.name: Product(next(iter(problem.dim_blocks[d.name])), 1, (d.name,)) for d in problem.dims}
    return StudyRecord(
        problem.name,
        ModelRef(problem.name, "none", (3, 224, 224), 1000),
        "synthetic",
        problem,
        Tables(problem.latency, PROVENANCE),
        Scores(order, tuple(shares), {"method": "synthetic"}),
        {"parameters": tuple(products.values())},
    )


def unit_scores(values: np.ndarray, options: tuple[int, ...]) -> np.ndarray:
    """Scores per unit, shape (options[-1],), whose sums at `options` are `values`."""
    steps = np.diff(np.asarray(options), prepend=0)
    return np.repeat(np.diff(values, prepend=0.0) / steps, steps)


def synthetic_resnet50(seed: int = 0, batch: int = 64, width_step: int = 32) -> Problem:
    """The shape of ResNet-50: 16 bottleneck blocks in four stages whose widths are shared, latency of every
    convolution over output x input channels (affine in the arithmetic, with noise), power-law importance."""
    rng = np.random.default_rng(seed)
    dims = [Dim("conv1", "channels", (64,))]
    blocks, latency, importance, before, side = [], [], [], dims[0], 56

    def conv(name: str, block: str | None, out: Dim, into: Dim, taps: int, size: int) -> None:
        macs = np.multiply.outer(np.array(out.options, float), np.array(into.options, float)) * taps * size**2
        time = 0.02 + batch * macs / 6e10
        values = np.round(time * rng.normal(1, 0.01, time.shape), 5)
        latency.append(Term(name, block, (out.name, into.name), values))

    def score(name: str, block: str | None, dim: Dim) -> None:
        units = np.sort(rng.lognormal(0, 1, dim.options[-1]))[::-1].cumsum()
        importance.append(Term(name, block, (dim.name,), units[np.array(dim.options) - 1] / units[-1]))

    latency.append(Term("conv1", None, ("conv1",), np.array([0.5])))
    score("conv1", None, dims[0])
    for stage, depth in enumerate((3, 4, 6, 3)):
        inner = 64 * 2**stage
        shared = Dim(f"layer{stage + 1}", "channels", width_options(4 * inner, 2 * width_step))
        dims.append(shared)
        for i in range(depth):
            block = f"layer{stage + 1}.{i}"
            a, b = (Dim(f"{block}.conv{n}", "channels", width_options(inner, width_step)) for n in (1, 2))
            dims += [a, b]
            blocks.append(Block(block))
            parts = ((a, before if i == 0 else shared, 1), (b, a, 9), (shared, b, 1))
            for n, (out, into, taps) in enumerate(parts, 1):
                conv(f"{block}.conv{n}", block, out, into, taps, side)
                score(f"{block}.conv{n}", block, out)
        conv(f"layer{stage + 1}.downsample", None, shared, before, 1, side)
        before, side = shared, side // 2
    provenance = {"synthetic": True, "seed": seed, "batch": batch}
    name = "synthetic-resnet50"
    return check(
        Problem(name, "ms", tuple(dims), tuple(blocks), tuple(latency), tuple(importance), provenance)
    )
