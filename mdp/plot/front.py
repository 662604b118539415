"""The Pareto front: importance kept against latency, with the chosen point and what is proven."""

from dataclasses import dataclass
from typing import Any

from ..core.plan import Plan
from ..core.problem import Problem
from ..core.quality import beside, importance_doubt
from ..core.study import StudyRecord
from ..core.words import many
from ..solve import Front
from ..solve.cache import kept
from .formats import budgeted, measured_in, ms, percent
from .front_layers import Points, draw_labels, draw_points
from .plan_summary import plan_summary
from .style import axis, layout

SHOWN = 40  # supported points drawn at most
# The last traces: cross-hair, the labels over it, A and the chosen plan. The others stay during a drag.
MOVING = 4


@dataclass(frozen=True)
class FrontInfo:
    """What the figure shows. Importance is a share of dense.

    Attributes:
        unit: of latency.
        dense: latency of the dense model.
        budgets, latency, importance, proven: one entry per point of the front, increasing in latency.
        supported: (latency, importance) of the points on the concave hull.
        removed: how many blocks each point of the front takes out.
        words: the whole plan of each point in short.
        chosen: (latency, importance, proven) of the chosen plan, or None.
        other: the same of the plan A that it is compared with, or None.
        others: what the front is compared with, as far as it is shown.
        doubt: why importance means nothing (see mdp.core.quality), "" where it may.
        limited: whether other resources were limited as well, at every point.
    """

    unit: str
    dense: float
    budgets: tuple[float, ...]
    latency: tuple[float, ...]
    importance: tuple[float, ...]
    proven: tuple[bool, ...]
    supported: tuple[tuple[float, float], ...]
    removed: tuple[int, ...]
    words: tuple[str, ...]
    chosen: tuple[float, float, bool] | None
    other: tuple[float, float, bool] | None = None
    others: tuple[Points, ...] = ()
    doubt: str = ""
    limited: bool = False


def front_info(
    study: StudyRecord,
    front: Front | None,
    plan: Plan | None,
    other: Plan | None = None,
    others: tuple[Points, ...] = (),
    turned: Problem | None = None,
) -> FrontInfo:
    """The record of a study's front with a chosen plan.

    With `turned`, the study's problem with another resource in latency's place, the front is over that one,
    and stands where "latency" does.
    """
    problem = turned or study.problem
    total = problem.dense_importance or 1.0
    points = front.points if front else ()

    def spot(p: Plan | None) -> tuple[float, float, bool] | None:
        if p is None:
            return None
        return (p.latency if turned is None else _used(turned, p), p.importance / total, p.optimal)

    return FrontInfo(
        unit=problem.latency_unit,
        dense=problem.dense_latency,
        budgets=tuple(p.budget for p in points),
        latency=tuple(p.plan.latency for p in points),
        importance=tuple(p.plan.importance / total for p in points),
        proven=tuple(p.plan.optimal for p in points),
        supported=tuple((s.latency, s.importance / total) for s in (front.supported if front else ())),
        removed=tuple(len(p.plan.removed_blocks) for p in points),
        words=_words(problem, front) if front else (),
        chosen=spot(plan),
        other=spot(other),
        others=others,
        doubt=importance_doubt(study),
        limited=bool(points and points[0].plan.limits),
    )


def _used(problem: Problem, plan: Plan) -> float:
    """What a plan uses of the resource in latency's place."""
    choices = {d.name: plan.choices[d.name] or d.dense for d in problem.dims}
    return problem.total(problem.latency, choices, plan.removed_blocks)


def _words(problem: Problem, front: Front) -> tuple[str, ...]:
    """Every plan of a front in short; made once, for a drag draws the same front again and again."""
    return kept(front, "_words", lambda: tuple(plan_summary(problem, p.plan) for p in front.points))


def draw_front(info: FrontInfo) -> dict[str, Any]:
    """A plotly spec. The first trace holds the points to click; `customdata` is the index into the front."""
    y = [100 * v for v in info.importance]
    texts = [_hover(info, i) for i in range(len(info.latency))]
    x_range = [0, info.dense * 1.03]
    y_range = [min([0.0, *y]), max([104.0, *(v * 1.04 for v in y)])]
    # Hundreds of them lie on the line and say nothing more than it does.
    hull = info.supported if len(info.supported) <= SHOWN else ()
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "front",
            "showlegend": False,
            "x": list(info.latency),
            "y": y,
            "line": {"color": "var(--mdp-kept)", "width": 2, "shape": "hv"},
            "marker": {
                "size": 4,
                "color": "var(--mdp-kept)",
                "symbol": ["circle" if p else "circle-open" for p in info.proven],
            },
            "customdata": list(range(len(y))),
            "text": texts,
            "hovertemplate": "%{text}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "supported",
            "showlegend": False,
            "hoverinfo": "skip",
            "x": [s[0] for s in hull],
            "y": [100 * s[1] for s in hull],
            "marker": {"size": 6, "symbol": "diamond-open", "color": "var(--mdp-kept)", "line": {"width": 1}},
        },
        *(trace for points in info.others for trace in draw_points(points)),
        cross_hair(info.chosen, x_range, y_range),  # from here on MOVING traces
        draw_labels(info.others),
        spot_mark(info.other, "A", "square", "var(--mdp-other)", 12),
        spot_mark(info.chosen, "chosen", "circle", "var(--mdp-choice)", 14),
    ]
    held = ", other limits held" * info.limited
    return {
        "data": data,
        "layout": over_latency(
            f"{measured_in(info.unit)} (dense: {ms(info.dense, info.unit)}){held}",
            f"importance kept, %{f' ({info.doubt})' if info.doubt else ''}",
            x_range,
            y_range,
            legend=bool(info.others),
        ),
    }


def over_latency(
    latency: str, title: str, x_range: list[float], y_range: list[float], *, legend: bool
) -> dict[str, Any]:
    """The layout of a figure over latency, whatever is on its other axis."""
    return layout(
        margin={"l": 50, "r": 14, "t": 8, "b": 42},
        hovermode="closest",
        hoverdistance=60,
        **(front_legend() if legend else {}),
        xaxis=axis(latency, range=x_range),
        yaxis=axis(title, range=y_range),
    )


def cross_hair(spot: tuple[float, float, bool] | None, x: list[float], y: list[float]) -> dict[str, Any]:
    """A trace and no shape of the layout: plotly moves a trace without drawing the rest anew (memory.js)."""
    at: list[tuple[float | None, float | None]] = []
    if spot:
        up = [(spot[0], y[0]), (spot[0], y[1])]
        at = [*up, (None, None), (x[0], 100 * spot[1]), (x[1], 100 * spot[1])]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "cross-hair",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": [a for a, _ in at],
        "y": [b for _, b in at],
        "line": {"color": "var(--mdp-choice)", "width": 1, "dash": "dot"},
    }


def front_legend() -> dict[str, Any]:
    """Where there is something to compare with; the corner under the front is empty."""
    place = {"x": 1, "xanchor": "right", "y": 0.02, "yanchor": "bottom"}
    look = {"font": {"size": 11}, "bgcolor": "rgba(0,0,0,0)", "tracegroupgap": 0, "itemwidth": 30}
    return {"showlegend": True, "legend": {**place, **look}}


def front_table(info: FrontInfo) -> tuple[list[str], list[list[str]]]:
    """The same as text: columns and rows."""
    rows = [
        [
            ms(lat, info.unit),
            percent(lat / info.dense),
            percent(imp),
            str(gone),
            "proven" if ok else "not proven",
        ]
        for lat, imp, gone, ok in zip(info.latency, info.importance, info.removed, info.proven, strict=True)
    ]
    for points in info.others:
        for i, (lat, imp) in enumerate(zip(points.latency, points.importance, strict=True)):
            label = points.labels[i] if points.labels else ""
            name = f"{points.name}, accuracy {label}" if label else points.name
            rows.append([ms(lat, info.unit), percent(lat / info.dense), percent(imp), "", name])
    return [
        budgeted(info.unit),
        "of dense",
        f"importance kept{beside(info.doubt)}",
        "blocks removed",
        "optimum",
    ], rows


def front_label(info: FrontInfo) -> str:
    """One sentence for a screen reader."""
    text = (
        f"Pareto front of {many(len(info.latency), 'point')}: importance kept against {budgeted(info.unit)}."
    )
    if info.chosen:
        latency, importance, proven = info.chosen
        text += (
            f" Chosen: {ms(latency, info.unit)}, {percent(latency / info.dense)} of dense, keeps "
            f"{percent(importance)} of the importance{beside(info.doubt)}, "
            f"{'proven' if proven else 'not proven'} optimal."
        )
    return text


def _hover(info: FrontInfo, i: int) -> str:
    latency = info.latency[i]
    return (
        f"<b>{ms(latency, info.unit)}</b> · {percent(latency / info.dense)} of dense<br>"
        f"{percent(info.importance[i])} importance{beside(info.doubt)}<br>{info.words[i]}<br>"
        f"{'proven optimum' if info.proven[i] else 'not proven'}, click to choose"
    )


def spot_mark(
    spot: tuple[float, float, bool] | None, name: str, symbol: str, colour: str, size: int
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "showlegend": False,
        "hoverinfo": "skip",
        "cliponaxis": False,
        "x": [spot[0]] if spot else [],
        "y": [100 * spot[1]] if spot else [],
        "marker": {
            "size": size,
            "color": colour,
            "line": {"color": "var(--mdp-card)", "width": 2},
            "symbol": symbol if spot is None or spot[2] else f"{symbol}-open",
        },
    }
