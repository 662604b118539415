"""What it is worth that whole blocks may go: the front with and without that freedom."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from mdp.core.problem import Problem
from mdp.plot.formats import ms, percent
from mdp.plot.style import axis, layout
from mdp.solve import fastest, front

from ..line_cost import WIDTHS


@dataclass(frozen=True)
class BlocksInfo:
    """Two fronts, as (latency, importance as a share of dense) in increasing latency.

    Attributes:
        free, kept: with and without removing blocks.
        smallest_free, smallest_kept: the smallest latency that each can reach.
        chosen: the plan being played with, or None.
    """

    unit: str
    dense: float
    free: tuple[tuple[float, float], ...]
    kept: tuple[tuple[float, float], ...]
    smallest_free: float
    smallest_kept: float
    chosen: tuple[float, float] | None = None


def blocks_info(problem: Problem, points: int = 30) -> BlocksInfo:
    """The record: two exact fronts. `with_plan` adds a chosen point."""
    total = problem.dense_importance or 1.0
    fronts = [
        tuple((p.plan.latency, p.plan.importance / total) for p in front(each, points).points)
        for each in (problem, WIDTHS.problem(problem))
    ]
    smallest = [fastest(each).latency for each in (problem, WIDTHS.problem(problem))]
    return BlocksInfo(problem.latency_unit, problem.dense_latency, *fronts, *smallest)


def with_plan(info: BlocksInfo, latency: float, importance: float) -> BlocksInfo:
    """The same fronts with a chosen point; importance as a share of dense."""
    return dataclasses.replace(info, chosen=(latency, importance))


def draw_blocks(info: BlocksInfo) -> dict[str, Any]:
    """A plotly spec: both fronts and the chosen point."""

    def line(name: str, points: tuple, colour: str, dash: str) -> dict[str, Any]:
        return {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": [p[0] for p in points],
            "y": [100 * p[1] for p in points],
            "line": {"color": colour, "width": 2.5, "dash": dash, "shape": "hv"},
            "hovertemplate": f"{name}<br>%{{x:.3g}} {info.unit}: %{{y:.1f}} %<extra></extra>",
        }

    lowest = min([0.0, *(100 * p[1] for p in info.free)])
    mark = {"size": 14, "color": "var(--mdp-choice)", "line": {"color": "var(--mdp-card)", "width": 2}}
    return {
        "data": [
            line("every block kept", info.kept, "var(--mdp-other)", "dash"),
            line("blocks may go", info.free, "var(--mdp-kept)", "solid"),
            {
                "type": "scatter",
                "mode": "markers",
                "name": "yours",
                "x": [info.chosen[0]] if info.chosen else [],
                "y": [100 * info.chosen[1]] if info.chosen else [],
                "marker": mark,
                "hovertemplate": f"yours<br>%{{x:.3g}} {info.unit}: %{{y:.1f}} %<extra></extra>",
            },
        ],
        "layout": layout(
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            margin={"l": 52, "r": 12, "t": 34, "b": 42},
            hovermode="closest",
            xaxis=axis(f"latency, {info.unit}", range=[0, info.dense * 1.03]),
            yaxis=axis("importance kept, %", range=[lowest, 104]),
        ),
    }


def blocks_label(info: BlocksInfo) -> str:
    return (
        f"Two fronts. With whole blocks removable the smallest latency is "
        f"{ms(info.smallest_free, info.unit)}, without {ms(info.smallest_kept, info.unit)}."
    )


def blocks_table(info: BlocksInfo) -> tuple[list[str], list[list[str]]]:
    rows = [["blocks may go", ms(x, info.unit), percent(y)] for x, y in info.free[::4]]
    rows += [["every block kept", ms(x, info.unit), percent(y)] for x, y in info.kept[::4]]
    return ["front", "latency", "importance kept"], rows
