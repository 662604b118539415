"""Importance kept, which is proven, beside accuracy, which is measured: the same optimal plans on both."""

from dataclasses import dataclass, replace
from typing import Any

from mdp.core.plan import Plan
from mdp.core.plan_accuracy import measured_plans
from mdp.core.study import StudyRecord
from mdp.plot.accuracy_words import dense_accuracy
from mdp.plot.formats import ms, percent
from mdp.plot.style import axis, layout


@dataclass(frozen=True)
class MeasuredInfo:
    """What the lesson shows: one entry a measured optimal plan, by latency; shares of one.

    Attributes:
        repaired: None where a plan was measured only as cut.
        dense: accuracy of the dense network, None if not measured.
        at: latency of the plan in question.
    """

    unit: str
    dense_latency: float
    latency: tuple[float, ...]
    importance: tuple[float, ...]
    cut: tuple[float, ...]
    repaired: tuple[float | None, ...]
    dense: float | None
    at: float


def measured_info(study: StudyRecord, plan: Plan) -> MeasuredInfo:
    """The record of a study's measured optimal plans."""
    problem = study.problem
    found = [one for one in measured_plans(study) if one.method == "exact"]
    return MeasuredInfo(
        problem.latency_unit,
        problem.dense_latency,
        tuple(one.latency for one in found),
        tuple(one.importance / (problem.dense_importance or 1.0) for one in found),
        tuple(one.cut for one in found),
        tuple(one.repaired for one in found),
        dense_accuracy(study),
        plan.latency,
    )


def at_plan(info: MeasuredInfo, plan: Plan) -> MeasuredInfo:
    """The same with another plan in question."""
    return replace(info, at=plan.latency)


def draw_measured(info: MeasuredInfo) -> dict[str, Any]:
    """A plotly spec: one line for what is proven, one each for what was measured."""
    pairs = [(x, y) for x, y in zip(info.latency, info.repaired, strict=True) if y is not None]
    lines = [
        ("importance kept, proven", list(zip(info.latency, info.importance, strict=True)), "ink-2", "dash"),
        ("accuracy as cut, measured", list(zip(info.latency, info.cut, strict=True)), "other", "solid"),
        ("accuracy repaired, measured", pairs, "kept", "solid"),
    ]
    data = [
        _line(name, points, f"var(--mdp-{colour})", dash) for name, points, colour, dash in lines if points
    ]
    if info.dense is not None:
        level = [(0.0, info.dense), (1.03 * info.dense_latency, info.dense)]
        data.append(_line("accuracy of the dense network", level, "var(--mdp-ink-2)", "dot", "lines"))
    here = [(info.at, 0.0), (info.at, 1.04)]
    data.append(_line("chosen", here, "var(--mdp-choice)", "dot", "lines") | {"showlegend": False})
    place = {"x": 1, "xanchor": "right", "y": 0.02, "yanchor": "bottom"}
    return {
        "data": data,
        "layout": layout(
            margin={"l": 50, "r": 14, "t": 8, "b": 42},
            showlegend=True,
            legend={**place, "font": {"size": 12}, "bgcolor": "rgba(0,0,0,0)"},
            xaxis=axis(f"latency, {info.unit}", range=[0, 1.03 * info.dense_latency]),
            yaxis=axis("%", range=[0, 104]),
        ),
    }


def _line(
    name: str, points: list[tuple[float, float]], colour: str, dash: str, mode: str = "lines+markers"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "showlegend": True,
        "x": [x for x, _ in points],
        "y": [100 * y for _, y in points],
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"size": 6, "color": colour},
    }


def measured_table(info: MeasuredInfo) -> tuple[list[str], list[list[str]]]:
    """The same as text: columns and rows."""
    rows = [
        [ms(at, info.unit), percent(kept), percent(cut), "" if mended is None else percent(mended)]
        for at, kept, cut, mended in zip(info.latency, info.importance, info.cut, info.repaired, strict=True)
    ]
    return ["latency", "importance kept", "accuracy as cut", "accuracy repaired"], rows


def measured_label(info: MeasuredInfo) -> str:
    """One sentence for a screen reader."""
    return f"Importance kept and measured accuracy of {len(info.latency)} optimal plans against latency."
