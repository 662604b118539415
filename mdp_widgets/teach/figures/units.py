"""The units of one dim, best first, and what the first few of them are worth together."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mdp.core.study import StudyRecord
from mdp.plot.formats import percent
from mdp.plot.style import axis, layout


@dataclass(frozen=True)
class UnitsInfo:
    """Scores as shares of the dim's total, in the order in which units are kept.

    Attributes:
        units: index of each unit in the dense model, most important first.
        scores: of each, summing to 1.
        kept: how many of them stay.
    """

    dim: str
    kind: str
    units: tuple[int, ...]
    scores: tuple[float, ...]
    kept: int

    @property
    def share(self) -> float:
        return float(sum(self.scores[: self.kept]))


def units_info(study: StudyRecord, dim: str, kept: int) -> UnitsInfo:
    """The record of one dim; scores of all layers that use it are added."""
    order = np.asarray(study.scores.order[dim])
    scores = np.sum([v for _, _, name, v in study.scores.shares if name == dim], axis=0)[order]
    total = float(scores.sum()) or 1.0
    kind = study.problem.dim[dim].kind
    return UnitsInfo(dim, kind, tuple(order.tolist()), tuple((scores / total).tolist()), kept)


def draw_units(info: UnitsInfo) -> dict[str, Any]:
    """A plotly spec: one bar per unit, the kept ones filled, the pruned ones hollow."""
    ranks = list(range(1, len(info.units) + 1))
    parts = ((0, info.kept, "kept", "var(--mdp-kept)"), (info.kept, None, "pruned", "var(--mdp-gone)"))
    data = [
        {
            "type": "bar",
            "name": name,
            "x": ranks,
            "y": [100 * s if r in range(start, end or len(ranks)) else 0 for r, s in enumerate(info.scores)],
            "customdata": list(info.units),
            "marker": {"color": colour},
            "hovertemplate": f"unit %{{customdata}}, rank %{{x}}: %{{y:.2f}} % ({name})<extra></extra>",
        }
        for start, end, name, colour in parts
    ]
    most = 100 * max(info.scores, default=1.0)
    edge = info.kept + 0.5
    line = {"color": "var(--mdp-choice)", "width": 1.5, "dash": "dot"}
    cut = {"type": "line", "x0": edge, "x1": edge, "yref": "paper", "y0": 0, "y1": 1, "line": line}
    return {
        "data": data,
        "layout": layout(
            barmode="stack",
            bargap=0.15,
            shapes=[cut],
            hovermode="closest",
            xaxis=axis("unit, most important first", range=[0.4, len(ranks) + 0.6], showgrid=False),
            yaxis=axis("score, % of the dim", range=[min(0, 110 * min(info.scores, default=0)), 1.08 * most]),
        ),
    }


def units_table(info: UnitsInfo) -> tuple[list[str], list[list[str]]]:
    rows = [
        [str(rank + 1), str(unit), percent(score, 2), "kept" if rank < info.kept else "pruned"]
        for rank, (unit, score) in enumerate(zip(info.units, info.scores, strict=True))
    ]
    return ["rank", "unit", "score", ""], rows


def units_label(info: UnitsInfo) -> str:
    return (
        f"Scores of the {len(info.units)} units of {info.dim}, best first: the best {info.kept} hold "
        f"{percent(info.share)} of the dim's importance."
    )
