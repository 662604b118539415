"""Importance kept within one budget: by lines, by tables, and by tables with blocks free to go."""

from typing import Any

from mdp.core.study import StudyRecord
from mdp.plot.formats import ms, percent
from mdp.plot.style import axis, layout

from ..line_cost import LineCost, measured_near

NAMES = ("HALP: lines, widths alone", "tables, widths alone", "tables, blocks may go")
NONE = "finds no plan"


def _rows(study: StudyRecord, cost: LineCost) -> list[tuple[str, float | None, float | None]]:
    """(method, importance kept, accuracy); None where there is no plan, or no measurement."""
    known = [measured_near(study, "halp", cost.share), None, measured_near(study, "exact", cost.share)]
    return list(zip(NAMES, (cost.line, cost.widths, cost.blocks), known, strict=True))


def draw_cost(study: StudyRecord, cost: LineCost) -> dict[str, Any]:
    """A plotly spec: three bars; what is known of accuracy stands beside them."""
    rows = _rows(study, cost)
    texts = []
    for _, kept, right in rows:
        text = NONE if kept is None else percent(kept)
        texts.append(text if right is None or kept is None else f"{text} · right on {percent(right)}")
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": [name for name, _, _ in rows],
                "x": [100 * (kept or 0.0) for _, kept, _ in rows],
                "text": texts,
                "textposition": "outside",
                "cliponaxis": False,
                "textfont": {"size": 14, "color": "var(--mdp-ink)"},
                "marker": {"color": ["var(--mdp-other)", "var(--mdp-kept-2)", "var(--mdp-kept)"]},
                "hovertemplate": "%{y}: %{x:.1f} %<extra></extra>",
            }
        ],
        "layout": layout(
            margin={"l": 190, "r": 20, "t": 8, "b": 42},
            bargap=0.3,
            xaxis=axis(
                "importance kept, %",
                range=[min(0.0, 100 * (cost.line or 0.0)), 145],
                tickvals=[0, 20, 40, 60, 80, 100],
            ),
            yaxis={**axis("", type="category", showgrid=False), "autorange": "reversed"},
        ),
    }


def cost_label(cost: LineCost) -> str:
    kept = [NONE if v is None else percent(v) for v in (cost.line, cost.widths, cost.blocks)]
    told = "; ".join(f"{name}: {value}" for name, value in zip(NAMES, kept, strict=True))
    return f"Importance kept at {percent(cost.share, 0)} of the latency. {told}."


def cost_table(study: StudyRecord, cost: LineCost) -> tuple[list[str], list[list[str]]]:
    unit = study.problem.latency_unit
    rows = [
        [name, NONE if kept is None else percent(kept), "" if right is None else percent(right)]
        for name, kept, right in _rows(study, cost)
    ]
    return [f"within {ms(cost.budget, unit)}", "importance kept", "accuracy, measured"], rows
