"""Random small problems of every shape, and the answer by trying everything."""

import itertools

import numpy as np

from mdp.core.problem import Block, Dim, Problem, Term, check

SHAPES = ("chain", "star", "tree", "loop", "tangle", "separate")


def random_problem(seed: int) -> Problem:
    """A small problem: shape, sizes, numbers and oddities all follow from the seed."""
    rng = np.random.default_rng(seed)
    whole, ties, negative = rng.random(3) < (0.4, 0.3, 0.3)
    shape = rng.choice(SHAPES)
    count = int(rng.integers(0 if shape == "tangle" else 1, 6))
    dims = []
    for i in range(count):
        options = np.sort(rng.choice(np.arange(1, 9), size=int(rng.integers(1, 5)), replace=False))
        dims.append(Dim(f"d{i}", "channels", tuple(int(o) for o in options)))
    blocks = [Block(f"b{i}", bool(rng.random() < 0.75)) for i in range(int(rng.integers(0, 5)))]
    sides = {"latency": [], "importance": []}
    for i, (block, scope) in enumerate(_scopes(shape, rng, dims, blocks)):
        for side in sides:
            if rng.random() < 0.85:
                sizes = tuple(len(d.options) for d in scope)
                values = rng.integers(-2 if negative else 0, 3 if ties else 60, sizes).astype(float)
                if not whole:
                    values = values * rng.choice([1.0, 0.1, 1e-3]) if ties else values + rng.random(sizes)
                if side == "latency" and not negative:
                    values = np.abs(values)
                sides[side].append(Term(f"t{i}", block, tuple(d.name for d in scope), values))
    problem = Problem(f"random-{seed}", "ms", tuple(dims), tuple(blocks), *map(tuple, sides.values()))
    return check(problem)


def _scopes(shape, rng, dims, blocks):
    """Which block and dims each table is over."""
    owners = [b.name for b in blocks] + [None]
    pairs = []
    if shape == "star" and dims:
        for d in dims:
            pairs.append((rng.choice(owners), [dims[0], d] if d is not dims[0] else [d]))
    elif shape == "tree" and dims:
        for i, d in enumerate(dims[1:], 1):
            pairs.append((rng.choice(owners), [dims[int(rng.integers(0, i))], d]))
    elif shape in ("chain", "loop") and dims:
        ends = list(itertools.pairwise(dims))
        if shape == "loop" and len(dims) > 2:
            ends.append((dims[-1], dims[0]))
        pairs += [(owners[i % len(owners)], list(pair)) for i, pair in enumerate(ends)]
    elif shape == "separate":
        pairs += [(owners[i % len(owners)], [d]) for i, d in enumerate(dims)]
    for _ in range(int(rng.integers(0, 7))):
        size = int(rng.integers(0, min(4, len(dims)) + 1))
        several = size if shape == "tangle" else min(size, 1)
        scope = [dims[i] for i in rng.permutation(len(dims))[:several]]
        pairs.append((rng.choice(owners), scope))
    return pairs


def everything(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Latency and importance of every choice, shape (choices,)."""
    sizes = [len(d.options) for d in problem.dims]
    place = {d.name: i for i, d in enumerate(problem.dims)}
    found = [[], []]
    removable = [b.name for b in problem.blocks if b.removable]
    for removed in itertools.chain.from_iterable(
        itertools.combinations(removable, k) for k in range(len(removable) + 1)
    ):
        for out, terms in zip(found, (problem.latency, problem.importance), strict=True):
            total = np.zeros(sizes)
            for t in terms:
                if t.block not in removed:
                    order = np.argsort([place[d] for d in t.dims]) if t.dims else []
                    spread = [n if d.name in t.dims else 1 for n, d in zip(sizes, problem.dims, strict=True)]
                    total = total + t.values.transpose([int(i) for i in order]).reshape(spread)
            out.append(total.ravel())
    return np.concatenate(found[0]), np.concatenate(found[1])


def best(latency: np.ndarray, importance: np.ndarray, budget: float) -> tuple[float | None, float | None]:
    """The most importance within the budget: by choices that surely fit, and by those that perhaps do.

    A choice on the budget to the last digit fits, but sums of float64 differ in their last digits.
    """
    hair = 1e-13 * (np.abs(latency).max() + 1)
    found = []
    for limit in (budget + 0.4e-9 * abs(budget) - hair, budget + 1e-9 * abs(budget) + hair):
        fits = latency <= limit
        found.append(float(importance[fits].max()) if fits.any() else None)
    return found[0], found[1]
