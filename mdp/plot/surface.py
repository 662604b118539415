"""The latency surface of one term as a record: measured time against the widths that it depends on.

`draw_surface` (surface_draw.py) makes the picture of it, `surface_table` the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.plan import Plan
from ..core.problem import Problem, Term
from .formats import budgeted, measured_in, ms, number
from .labels import dim_label


@dataclass(frozen=True)
class SurfaceInfo:
    """A table of latency as a picture of at most two axes.

    Attributes:
        term, block, unit: name of the term, its block (None: always charged), unit of latency.
        dims: the dims drawn: (), (x,) or (y, x); `names` is what they are called.
        widths: kept units along each drawn dim.
        values: latency, shape = lengths of widths.
        held: what the other dims of the term are called, and the width at which they are held (as chosen,
            else dense).
        chosen: index of the plan's entry along each drawn dim, or None where the term is gone.
        price: latency at the chosen entry, None where the term is gone.
        dense: latency of the dense entry.
        a: index of the plan A's entry along each drawn dim, where there is one and its term is not gone.
        near: indices of the entries with other widths of the dim in question, else as chosen.
    """

    term: str
    block: str | None
    unit: str
    dims: tuple[str, ...]
    names: tuple[str, ...]
    widths: tuple[tuple[int, ...], ...]
    values: np.ndarray
    held: tuple[tuple[str, int], ...]
    chosen: tuple[int, ...] | None
    price: float | None
    dense: float
    a: tuple[int, ...] | None = None
    near: tuple[tuple[int, ...], ...] = ()


def terms_of(problem: Problem, block: str | None, dim: str = "") -> list[Term]:
    """Latency terms to look at: those of a block, the ones that use `dim` first."""
    terms = [t for t in problem.latency if t.block == block and t.dims]
    return sorted(terms, key=lambda t: dim not in t.dims)


def surface_info(
    problem: Problem,
    term: Term,
    plan: Plan | None = None,
    dim: str = "",
    a: Plan | None = None,
    others: Sequence[int] = (),
) -> SurfaceInfo:
    """The record of one term. A term over three dims or more is shown as a slice at the chosen widths; the
    dims drawn are the two longest, `dim` always among them. `others` are widths of `dim` to mark beside the
    chosen one."""
    gone = plan is not None and term.block in plan.removed_blocks
    choices = problem.dense_choices | {
        d: k for d, k in (plan.choices if plan else {}).items() if k is not None
    }
    options = {d: problem.dim[d].options for d in term.dims}
    order = sorted(term.dims, key=lambda d: (d != dim, -len(options[d])))
    drawn = tuple(d for d in term.dims if d in order[:2])
    held = tuple((dim_label(problem, d), choices[d]) for d in term.dims if d not in drawn)
    cut = tuple(slice(None) if d in drawn else options[d].index(choices[d]) for d in term.dims)
    chosen = None if plan is None or gone else tuple(options[d].index(choices[d]) for d in drawn)
    return SurfaceInfo(
        term=term.name,
        block=term.block,
        unit=problem.latency_unit,
        dims=drawn,
        names=tuple(dim_label(problem, d) for d in drawn),
        widths=tuple(options[d] for d in drawn),
        values=np.asarray(term.values, dtype=float)[cut],
        held=held,
        chosen=chosen,
        price=None if chosen is None else problem.entry(term, choices),
        dense=float(term.values[(-1,) * term.values.ndim]),
        a=None
        if a is None or any(a.choices[d] is None for d in drawn) or term.block in a.removed_blocks
        else tuple(options[d].index(a.choices[d]) for d in drawn),
        near=_near(chosen, drawn, dim, options.get(dim, ()), others),
    )


def _near(
    chosen: tuple[int, ...] | None, drawn: tuple[str, ...], dim: str, options: tuple[int, ...], others
) -> tuple[tuple[int, ...], ...]:
    """The entries with another width of `dim` and all else as chosen."""
    if chosen is None or dim not in drawn:
        return ()
    axis = drawn.index(dim)
    at = [options.index(width) for width in others if width in options]
    return tuple((*chosen[:axis], i, *chosen[axis + 1 :]) for i in at)


def surface_table(info: SurfaceInfo) -> tuple[list[str], list[list[str]]]:
    """The same as text: for two dims, one row per width of the first."""
    if len(info.dims) < 2:
        widths = info.widths[0] if info.dims else (0,)
        return ["kept", measured_in(info.unit)], [
            [str(w), number(v)] for w, v in zip(widths, np.atleast_1d(info.values), strict=True)
        ]
    head = [" \\ ".join(info.names), *map(str, info.widths[1])]
    return head, [
        [str(w), *(number(v) for v in line)] for w, line in zip(info.widths[0], info.values, strict=True)
    ]


def surface_label(info: SurfaceInfo) -> str:
    price = "it is gone with its block" if info.price is None else f"{ms(info.price, info.unit)} as chosen"
    held = "".join(f", {d} held at {w}" for d, w in info.held)
    over = " and ".join(info.dims)
    what = budgeted(info.unit).capitalize()
    return f"{what} of {info.term} over {over}{held}: {ms(info.dense, info.unit)} dense, {price}."
