"""The importance curve of one dim: what the first units are worth, and where the plan cuts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.plan import Plan
from ..core.study import StudyRecord
from .formats import percent
from .labels import dim_label
from .style import axis, layout


@dataclass(frozen=True)
class CurveInfo:
    """What the figure shows.

    Attributes:
        dim, label: of the dim.
        units: 1 .. dense, how many units are kept.
        share: importance of that many best units as a share of all the dim's; over kept blocks.
        options: the widths that the solver may choose.
        kept: the width chosen, None where the dim is gone with its blocks.
        at_cut: the share kept at the cut, or None.
        a: the width that the plan A keeps, where there is one and it keeps the dim.
    """

    dim: str
    label: str
    units: tuple[int, ...]
    share: tuple[float, ...]
    options: tuple[int, ...]
    kept: int | None
    at_cut: float | None
    a: int | None = None

    @property
    def dense(self) -> int:
        return self.options[-1]


def curve_info(study: StudyRecord, dim: str, plan: Plan | None = None, a: Plan | None = None) -> CurveInfo:
    """The record for one dim. From unit scores where the study has them, else from the problem's tables."""
    problem = study.problem
    removed = set(plan.removed_blocks) if plan else set()
    kept = plan.choices.get(dim) if plan else None
    if plan and kept is None:
        removed = set()  # the dim is gone; show what it would have been worth
    options = problem.dim[dim].options
    scores = [v for _, block, name, v in study.scores.shares if name == dim and block not in removed]
    if scores:
        order = np.asarray(study.scores.order[dim])
        total = np.cumsum(np.sum(scores, axis=0)[order])
        units: tuple[int, ...] = tuple(range(1, len(total) + 1))
    else:
        terms = [t.values for t in problem.importance if t.dims == (dim,) and t.block not in removed]
        total = np.sum(terms, axis=0) if terms else np.zeros(len(options))
        units = options
    share = total / total[-1] if total[-1] else np.zeros(len(total))
    at_cut = None if kept is None else float(share[units.index(kept)])
    return CurveInfo(
        dim,
        dim_label(problem, dim),
        units,
        tuple(map(float, share)),
        options,
        kept,
        at_cut,
        a.choices.get(dim) if a else None,
    )


def draw_curve(info: CurveInfo) -> dict[str, Any]:
    """A plotly spec: the curve, the widths offered, and the cut."""
    y = [100 * v for v in info.share]
    y_range = [min([0.0, *y]), max([104.0, *y])]
    kept = info.kept or 0
    inside = [(u, v) for u, v in zip(info.units, y, strict=True) if u <= kept]
    offered = [(u, v) for u, v in zip(info.units, y, strict=True) if u in set(info.options)]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "kept",
            "x": [p[0] for p in inside],
            "y": [p[1] for p in inside],
            "fill": "tozeroy",
            "fillcolor": "var(--mdp-low)",
            "line": {"width": 0},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "importance",
            "x": list(info.units),
            "y": y,
            "line": {"color": "var(--mdp-kept)", "width": 2},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "offered",
            "x": [p[0] for p in offered],
            "y": [p[1] for p in offered],
            "marker": {"size": 6, "color": "var(--mdp-kept)"},
            "hovertemplate": "keep %{x}: %{y:.1f} %<extra></extra>",
        },
        {  # a trace and no shape of the layout: it moves without the rest being drawn anew (memory.js)
            "type": "scatter",
            "mode": "lines",
            "name": "cut line",
            "hoverinfo": "skip",
            "x": [info.kept, info.kept] if info.kept else [],
            "y": y_range if info.kept else [],
            "line": {"color": "var(--mdp-choice)", "width": 1.5, "dash": "dot"},
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "cut",
            "hoverinfo": "skip",
            "x": [info.kept] if info.kept else [],
            "y": [100 * info.at_cut] if info.kept else [],
            "marker": {
                "size": 13,
                "color": "var(--mdp-choice)",
                "line": {"color": "var(--mdp-card)", "width": 2},
            },
        },
    ]
    if info.a is not None:
        data.insert(
            3,
            {
                "type": "scatter",
                "mode": "markers",
                "name": "A",
                "x": [info.a],
                "y": [y[info.units.index(info.a)]],
                "marker": {"size": 13, "symbol": "square", "color": "var(--mdp-other)"},
                "hovertemplate": "A keeps %{x}: %{y:.1f} %<extra></extra>",
            },
        )
    return {
        "data": data,
        "layout": layout(
            hovermode="closest",
            # Units are whole: no tick between two of them.
            xaxis=axis(
                f"{info.label} kept of {info.dense}",
                range=[0, info.dense * 1.04],
                **({"dtick": 1} if info.dense <= 10 else {}),
            ),
            yaxis=axis("importance of this dim, %", range=y_range),
        ),
    }


def curve_table(info: CurveInfo) -> tuple[list[str], list[list[str]]]:
    share = dict(zip(info.units, info.share, strict=True))
    rows = [
        [str(o), percent(share[o]), "chosen" if o == info.kept else ""] for o in info.options if o in share
    ]
    return ["kept", "importance", ""], rows


def curve_label(info: CurveInfo) -> str:
    if info.kept is None:
        return f"Importance curve of {info.dim}; the dim is gone with its blocks."
    return (
        f"Importance curve of {info.dim}: {info.kept} of {info.dense} kept hold "
        f"{percent(info.at_cut or 0.0)} of its importance."
    )
