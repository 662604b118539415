"""What every decision of a plan is worth: the importance lost when that one is turned around."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.problem import Problem
from ..core.words import many
from ..solve import Alternative
from .formats import number
from .labels import dim_label, short_names
from .style import axis, layout


@dataclass(frozen=True)
class Counterfactual:
    """One decision and its opposite. `loss` is a share of dense importance, None where nothing fits then."""

    name: str
    label: str
    now: str
    otherwise: str
    loss: float | None
    latency_change: float | None
    own_latency: float


@dataclass(frozen=True)
class OppositesInfo:
    """What the figure and the table show.

    Attributes:
        blocks: one entry per removable block, in the problem's order.
        dims: one entry per dim that the block in question uses.
        block: the block in question.
    """

    unit: str
    block: str
    blocks: tuple[Counterfactual, ...]
    dims: tuple[Counterfactual, ...]


def counterfactuals_info(problem: Problem, alternatives: Sequence[Alternative], block: str) -> OppositesInfo:
    """The record of what `mdp.solve.what_if` found, with one block in question."""
    total = problem.dense_importance or 1.0
    short = short_names([b.name for b in problem.blocks])

    def read(found: Alternative, label: str) -> Counterfactual:
        return Counterfactual(
            name=found.name,
            label=label,
            now=str(found.now),
            otherwise=_otherwise(found),
            loss=None if found.importance_change is None else -found.importance_change / total,
            latency_change=found.latency_change,
            own_latency=found.own_latency,
        )

    return OppositesInfo(
        unit=problem.latency_unit,
        block=block,
        blocks=tuple(read(a, short[a.name]) for a in alternatives if a.kind == "block"),
        dims=tuple(
            read(a, dim_label(problem, a.name))
            for a in alternatives
            if a.kind == "dim" and block in problem.dim_blocks[a.name]
        ),
    )


def _otherwise(found: Alternative) -> str:
    if not found.known:
        return "not known"
    return "nothing fits" if found.otherwise is None else str(found.otherwise)


def draw_counterfactuals(info: OppositesInfo) -> dict[str, Any]:
    """A plotly spec: one bar per block; kept ones filled, removed ones pale; `customdata` is the name."""

    def bars(name: str, now: str, colour: str, edge: str) -> dict[str, Any]:
        chosen = [o for o in info.blocks if o.now == now]
        return {
            "type": "bar",
            "name": name,
            "x": [o.label for o in chosen],
            "y": [100 * (o.loss or 0.0) for o in chosen],
            "customdata": [o.name for o in chosen],
            "text": ["" if o.loss is not None else o.otherwise for o in chosen],
            "textposition": "outside",
            "cliponaxis": False,
            "marker": {
                "color": colour,
                "line": {
                    "width": [2.5 if o.name == info.block else 1 for o in chosen],
                    "color": ["var(--mdp-choice)" if o.name == info.block else edge for o in chosen],
                },
            },
            "hovertemplate": f"block %{{x}}, {name}: the opposite loses %{{y:.3g}} points<extra></extra>",
        }

    top = max((100 * (o.loss or 0.0) for o in info.blocks), default=1.0)
    return {
        "data": [
            bars("kept", "kept", "var(--mdp-kept)", "var(--mdp-kept)"),
            bars("removed", "removed", "var(--mdp-card)", "var(--mdp-ink-2)"),
        ],
        "layout": layout(
            barmode="overlay",
            bargap=0.3,
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            margin={"l": 66, "r": 12, "t": 34, "b": 42},
            hovermode="closest",
            xaxis={
                **axis("block", type="category", showgrid=False),
                "categoryorder": "array",
                "categoryarray": [o.label for o in info.blocks],
            },
            yaxis=axis("points lost", range=[0, 1.15 * top or 1]),
        ),
    }


def counterfactuals_table(info: OppositesInfo) -> tuple[list[str], list[list[str]]]:
    """The block in question and its dims: now, the best other choice, and what it changes."""
    here = [o for o in info.blocks if o.name == info.block]
    rows = [["the block", *_cells(o, info.unit)] for o in here]
    return ["decision", "now", "best otherwise", "importance", "latency of the whole"], rows + [
        [o.label, *_cells(o, info.unit)] for o in info.dims
    ]


def blocks_table(info: OppositesInfo) -> tuple[list[str], list[list[str]]]:
    """Every block, as text."""
    rows = [[o.name, *_cells(o, info.unit)] for o in info.blocks]
    return ["block", "now", "otherwise", "importance", "latency of the whole"], rows


def counterfactuals_label(info: OppositesInfo) -> str:
    known = [o for o in info.blocks if o.loss is not None]
    if not known:
        return "Cost of the opposite decision of every block; nothing is known."
    dearest = max(known, key=lambda o: o.loss or 0.0)
    return (
        f"Cost of the opposite decision for {many(len(info.blocks), 'block')}; the dearest is "
        f"{dearest.name}, {_points(dearest.loss)}."
    )


def _cells(o: Counterfactual, unit: str) -> list[str]:
    if o.loss is None:
        return [o.now, o.otherwise, "", ""]
    change = o.latency_change or 0.0
    sign = "−" if change < 0 else "+"
    # Two digits: the latency of another plan within the same budget is a remainder, not a measurement.
    time = f"{sign}{number(abs(change), 2)} {unit}" if abs(change) > 1e-9 else "the same"
    return [o.now, o.otherwise, _points(o.loss), time]


def _points(loss: float | None) -> str:
    """A share of dense as signed percentage points: `−1.80 points`."""
    points = 100 * (loss or 0.0)
    if abs(points) < 1e-4:
        return "the same"
    sign = "−" if points > 0 else "+"
    return f"{sign}{abs(points):.2f} points" if abs(points) >= 0.01 else "under 0.01 points"
