"""The decomposed tables: the latency of a network as a sum, block by block and part by part."""

from dataclasses import dataclass
from typing import Any

from mdp.core.plan import Plan
from mdp.core.problem import Problem
from mdp.plot.formats import ms
from mdp.plot.labels import short_names
from mdp.plot.style import axis, layout

# Parts are told apart by lightness and by order, with a gap between them.
SHADES = ("var(--mdp-high)", "var(--mdp-kept)", "var(--mdp-kept-2)", "var(--mdp-good)", "var(--mdp-other)")


@dataclass(frozen=True)
class SumInfo:
    """Latency terms of a plan.

    Attributes:
        blocks: names, "rest" for what belongs to no block.
        parts: names of a block's parts, the same in all blocks.
        values: latency, one row per part, one column per block; 0 where the block is gone.
        dense: latency of each block in the dense model.
    """

    unit: str
    blocks: tuple[str, ...]
    parts: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    dense: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(map(sum, self.values))


def sum_info(problem: Problem, plan: Plan) -> SumInfo:
    """The record of one plan: every latency term once."""
    names = [b.name for b in problem.blocks]
    short = short_names(names) | {None: "rest"}
    order: list[str | None] = [*names, None]
    cells: dict[str, dict[str | None, float]] = {}
    dense: dict[str | None, float] = dict.fromkeys(order, 0.0)
    for term in problem.latency:
        part = term.name.removeprefix(f"{term.block}.") if term.block else "rest"
        row = cells.setdefault(part, dict.fromkeys(order, 0.0))
        dense[term.block] += problem.entry(term, problem.dense_choices)
        if term.block not in plan.removed_blocks:
            row[term.block] += problem.entry(term, plan.choices)
    return SumInfo(
        problem.latency_unit,
        tuple(short[b] for b in order),
        tuple(cells),
        tuple(tuple(row[b] for b in order) for row in cells.values()),
        tuple(dense[b] for b in order),
    )


def draw_sum(info: SumInfo) -> dict[str, Any]:
    """A plotly spec: stacked bars, one a block, with the dense latency as a mark above."""
    data: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": part,
            "x": list(info.blocks),
            "y": list(row),
            "marker": {
                "color": SHADES[i % len(SHADES)],
                "line": {"color": "var(--mdp-card)", "width": 1},
            },
            "hovertemplate": f"block %{{x}}, {part}: %{{y:.3g}} {info.unit}<extra></extra>",
        }
        for i, (part, row) in enumerate(zip(info.parts, info.values, strict=True))
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "dense",
            "x": list(info.blocks),
            "y": list(info.dense),
            "marker": {
                "symbol": "line-ew-open",
                "size": 22,
                "color": "var(--mdp-ink-2)",
                "line": {"width": 2},
            },
            "hovertemplate": f"block %{{x}}, dense: %{{y:.3g}} {info.unit}<extra></extra>",
        }
    )
    return {
        "data": data,
        "layout": layout(
            barmode="stack",
            bargap=0.3,
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
            margin={"l": 52, "r": 12, "t": 34, "b": 42},
            hovermode="closest",
            xaxis=axis("block", type="category", showgrid=False),
            yaxis=axis(f"latency, {info.unit}", range=[0, max(info.dense) * 1.08]),
        ),
    }


def sum_label(info: SumInfo) -> str:
    dense = ms(sum(info.dense), info.unit)
    return f"Latency by block and part; together {ms(info.total, info.unit)} of {dense}."


def sum_table(info: SumInfo) -> tuple[list[str], list[list[str]]]:
    rows = [
        [block, *(ms(row[i], info.unit) for row in info.values), ms(info.dense[i], info.unit)]
        for i, block in enumerate(info.blocks)
    ]
    return ["block", *info.parts, "dense"], rows
