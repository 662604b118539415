"""What one dim alone is worth at each of its options, the rest of the network dense: scores of bundles."""

import numpy as np

from ..core.problem import Problem


def importance_curves(problem: Problem) -> dict[str, np.ndarray]:
    """Dim -> importance at each option of the terms that use it, shape (options,); no block is removed."""
    return _curves(problem, problem.importance)


def latency_curves(problem: Problem) -> dict[str, np.ndarray]:
    """Dim -> latency at each option of the terms that use it, all other dims dense; shape (options,)."""
    return _curves(problem, problem.latency)


def _curves(problem: Problem, terms) -> dict[str, np.ndarray]:
    curves = {d.name: np.zeros(len(d.options)) for d in problem.dims}
    for term in terms:
        for name in term.dims:
            curves[name] += term.values[tuple(slice(None) if d == name else -1 for d in term.dims)]
    return curves
