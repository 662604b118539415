"""A problem as JSON, `mdp-problem/1`, or `mdp-problem/2` where it knows more than latency."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .terms import Term

if TYPE_CHECKING:
    from .problem import Problem

FORMAT = "mdp-problem/1"
# With resources beside latency.
SEVERAL = "mdp-problem/2"
FORMATS = (FORMAT, SEVERAL)


def problem_to_json(problem: "Problem") -> dict[str, Any]:
    """The JSON object of a problem; integral values are written as integers.

    It is `mdp-problem/1` where latency is all that it knows.
    """

    def term(t: Term) -> dict[str, Any]:
        return {"name": t.name, "block": t.block, "dims": list(t.dims), "values": _plain(t.values)}

    several = [
        {
            "name": r.name,
            "unit": r.unit,
            **({"peak": True} if r.peak else {}),
            "terms": [term(t) for t in r.terms],
        }
        for r in problem.resources
    ]
    return {
        "format": SEVERAL if several else FORMAT,
        "name": problem.name,
        "latency_unit": problem.latency_unit,
        "provenance": dict(problem.provenance),
        "dims": [{"name": d.name, "kind": d.kind, "options": list(d.options)} for d in problem.dims],
        "blocks": [{"name": b.name, "removable": b.removable} for b in problem.blocks],
        "latency": [term(t) for t in problem.latency],
        "importance": [term(t) for t in problem.importance],
        **({"resources": several} if several else {}),
    }


def _plain(values: np.ndarray) -> Any:
    """Nested lists; whole numbers that a float holds exactly become integers again."""
    if values.size and (values == np.rint(values)).all() and np.abs(values).max() < 2**53:
        return values.astype(np.int64).tolist()
    return values.tolist()
