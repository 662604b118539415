"""What the front is compared with: other ways to choose, measured sub-networks, fine-tuned networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.measurements import Measured
from ..core.study import StudyRecord
from ..solve.analysis.baseline_lines import Line
from .formats import ms, percent
from .plan_summary import plan_summary, removed_summary

# Told apart by dash and symbol, not by colour alone.
STYLES = {
    "channels only, linear latency": ("var(--mdp-ink-2)", "dot", "triangle-down-open"),
    "channels only, multi-dimensional latency": ("var(--mdp-ink-2)", "dash", "triangle-up-open"),
    "channels and blocks, linear latency": ("var(--mdp-ink-2)", "dashdot", "diamond-open"),
    "greedy": ("var(--mdp-other)", "dash", "square-open"),
    "random": ("var(--mdp-other)", "", "x-thin-open"),
}
SHORT = {
    "measured": "random, measured",
    "channels only, linear latency": "channels only, linear",
    "channels only, multi-dimensional latency": "channels only, multi-dim.",
    "channels and blocks, linear latency": "with blocks, linear",
}
STAR = 12  # pixels
# How wide and high a label is on a page of 1280 pixels, as shares of the dense latency and importance.
LABEL = (0.11, 0.06)


@dataclass(frozen=True)
class Points:
    """One line or cloud. Importance is a share of dense; `texts` is what a hover says of each point.

    `predicted` holds the predicted latency of measured points, else (); `labels` a word beside each point,
    `unlabelled` the points where it would stand on a neighbour's.
    """

    name: str
    latency: tuple[float, ...]
    importance: tuple[float, ...]
    texts: tuple[str, ...]
    predicted: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    unlabelled: frozenset[int] = frozenset()


def line_points(study: StudyRecord, line: Line) -> Points:
    """The record of one other way to choose."""
    problem = study.problem
    total = problem.dense_importance or 1.0

    def text(spot) -> str:
        head = f"<b>{line.name}</b><br>{ms(spot.latency, problem.latency_unit)} · "
        head += f"{percent(spot.importance / total)} importance"
        if spot.plan is None:
            return f"{head}<br>over its budget of {ms(spot.budget, problem.latency_unit)}"
        return f"{head}<br>{plan_summary(problem, spot.plan)}"

    return Points(
        line.name,
        tuple(s.latency for s in line.spots),
        tuple(s.importance / total for s in line.spots),
        tuple(text(s) for s in line.spots),
    )


def verified_points(study: StudyRecord, found: Sequence[Measured]) -> Points:
    """The record of the random sub-networks: measured against predicted latency."""
    unit = study.problem.latency_unit

    def text(m: Measured) -> str:
        off = 100 * (m.predicted / m.measured - 1)
        times = f"measured {ms(m.measured, unit)}, predicted {ms(m.predicted, unit)} ({off:+.1f} %)"
        removed = removed_summary(study.problem, m.removed)
        return f"<b>{m.name}</b><br>{times}<br>{percent(m.importance)} importance · {removed}"

    timed = [m for m in found if m.measured]
    return Points(
        "measured",
        tuple(m.measured for m in timed),
        tuple(m.importance for m in timed),
        tuple(text(m) for m in timed),
        tuple(m.predicted for m in timed),
    )


def finetuned_points(study: StudyRecord, found: Sequence[Measured]) -> Points:
    """The record of the fine-tuned networks; the label is the accuracy."""
    unit = study.problem.latency_unit
    dense = (study.accuracy or {}).get("dense")
    against = f" (dense {percent(dense)})" if isinstance(dense, int | float) else ""

    def text(m: Measured) -> str:
        timed = f"measured {ms(m.measured, unit)}, " if m.measured else ""
        times = f"{timed}predicted {ms(m.predicted, unit)} · {percent(m.importance)} importance"
        words = plan_summary(study.problem, m.plan)
        return f"<b>fine-tuned: {m.name}</b><br>accuracy {percent(m.accuracy)}{against}<br>{times}<br>{words}"

    return Points(
        "fine-tuned",
        tuple(m.latency for m in found),
        tuple(m.importance for m in found),
        tuple(text(m) for m in found),
        tuple(m.predicted for m in found),
        tuple(percent(m.accuracy) for m in found),
        crowded(found, study.problem.dense_latency),
    )


def crowded(found: Sequence[Measured], dense: float) -> frozenset[int]:
    """The networks whose label would stand on that of a better one: the hover and the table tell theirs."""
    wide, high = LABEL[0] * dense, LABEL[1]

    def near(a: Measured, b: Measured) -> bool:
        return abs(a.latency - b.latency) < wide and abs(a.importance - b.importance) < high

    shown: list[int] = []
    for i in sorted(range(len(found)), key=lambda i: -found[i].accuracy):
        if not any(near(found[i], found[j]) for j in shown):
            shown.append(i)
    return frozenset(range(len(found))) - frozenset(shown)


def draw_points(points: Points) -> list[dict[str, Any]]:
    """Plotly traces: a line with symbols, or a cloud with a thin line from predicted to measured."""
    y = [100 * v for v in points.importance]
    trace: dict[str, Any] = {
        "type": "scatter",
        "name": SHORT.get(points.name, points.name),
        "x": list(points.latency),
        "y": y,
        "text": list(points.texts),
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": True,
        "legendgroup": points.name,
    }
    if points.name in STYLES:
        colour, dash, symbol = STYLES[points.name]
        style = {
            "mode": "lines+markers" if dash else "markers",
            "line": {"color": colour, "width": 1.3, "dash": dash or "solid"},
            "marker": {"size": 6, "color": colour, "symbol": symbol, "line": {"width": 1.2}},
        }
        return [{**trace, **style}]
    tuned = bool(points.labels)
    colour = "var(--mdp-good)"
    reach: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "name": "predicted",
        "showlegend": False,
        "hoverinfo": "skip",
        "legendgroup": points.name,
        "x": [v for p, m in zip(points.predicted, points.latency, strict=True) for v in (p, m, None)],
        "y": [v for v in y for v in (v, v, None)],
        "line": {"color": colour, "width": 1.2},
    }
    marks = {
        "mode": "markers",
        "marker": {
            "size": STAR if tuned else 6,
            "color": colour,
            "symbol": "star" if tuned else "circle-open",
            "line": {"width": 1.2},
        },
    }
    return [reach, {**trace, **marks}]


def draw_labels(others: Sequence[Points]) -> dict[str, Any]:
    """The labels of all points as one trace of their own, so that no line is drawn through them."""
    shown = [
        (x, 100 * y, label, points.name)
        for points in others
        for i, (x, y, label) in enumerate(zip(points.latency, points.importance, points.labels, strict=False))
        if i not in points.unlabelled
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "labels",
        "marker": {"size": STAR, "color": "rgba(0,0,0,0)"},  # unseen: plotly keeps the words clear of it
        "showlegend": False,
        "hoverinfo": "skip",
        "legendgroup": shown[0][-1] if shown else "labels",  # its name in the legend hides them too
        "x": [x for x, *_ in shown],
        "y": [y for _, y, *_ in shown],
        "text": [label for *_, label, _ in shown],
        # Left above a point of the front there is nothing: the front rises, and everything else is below it.
        "textposition": "top left",
        "textfont": {"size": 11.5, "color": "var(--mdp-good)"},
        "cliponaxis": False,
    }
