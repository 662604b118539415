"""Arithmetic against time: what is left of both while some widths shrink."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mdp.core.study import StudyRecord
from mdp.plot.formats import percent
from mdp.plot.style import axis, layout

from ..moves import half

STEPS = tuple(range(10, 101, 5))


@dataclass(frozen=True)
class WorkInfo:
    """Shares of dense along a cut.

    Attributes:
        what: the name of the arithmetic, "multiply-adds" or "parameters".
        path: (share of the widths asked for, work left, latency left), in increasing share.
        at: which entry of the path is looked at.
    """

    what: str
    path: tuple[tuple[int, float, float], ...]
    at: int

    @property
    def here(self) -> tuple[int, float, float]:
        return self.path[self.at]


def work_info(
    study: StudyRecord, dims: tuple[str, ...], share: int, what: str, work: Callable[..., float]
) -> WorkInfo:
    """The record of cutting `dims` alike; `work(choices)` is a choice's arithmetic as a share of dense."""
    problem, path = study.problem, []
    for percent_left in STEPS:
        cut = {d: half(problem, d, percent_left / 100) for d in dims}
        choices = problem.dense_choices | cut
        path.append((percent_left, work(choices), problem.evaluate(choices)[0] / problem.dense_latency))
    return with_share(WorkInfo(what, tuple(path), 0), share)


def with_share(info: WorkInfo, share: int) -> WorkInfo:
    """The same cut, looked at elsewhere."""
    return replace(info, at=STEPS.index(share))


def draw_bars(info: WorkInfo) -> dict[str, Any]:
    """A plotly spec: two bars, arithmetic left and time left."""
    _, work, time = info.here
    names = [info.what, "latency"]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": [100 * work, 100 * time],
                "text": [percent(work, 0), percent(time, 0)],
                "textposition": "outside",
                "textfont": {"size": 20, "color": "var(--mdp-ink)"},
                "cliponaxis": False,
                "marker": {"color": ["var(--mdp-other)", "var(--mdp-kept)"]},
                "hovertemplate": "%{y}: %{x:.1f} % of dense<extra></extra>",
            }
        ],
        "layout": layout(
            margin={"l": 110, "r": 60, "t": 8, "b": 42},
            bargap=0.35,
            xaxis=axis("left, % of dense", range=[0, 112]),
            yaxis={**axis("", type="category", showgrid=False), "autorange": "reversed"},
        ),
    }


def draw_path(info: WorkInfo) -> dict[str, Any]:
    """A plotly spec: time over arithmetic along the cut, and where it would be if they were the same."""
    _, work, time = info.here
    line = {"color": "var(--mdp-ink-2)", "width": 1.5, "dash": "dot"}
    mark = {"size": 15, "color": "var(--mdp-choice)", "line": {"color": "var(--mdp-card)", "width": 2}}
    hover = "%{x:.0f} % of the arithmetic, %{y:.0f} % of the time<extra></extra>"
    common = {"type": "scatter", "hovertemplate": hover}
    return {
        "data": [
            {
                **common,
                "mode": "lines",
                "name": "if time were arithmetic",
                "x": [0, 100],
                "y": [0, 100],
                "line": line,
            },
            {
                **common,
                "mode": "lines+markers",
                "name": "measured",
                "x": [100 * w for _, w, _ in info.path],
                "y": [100 * t for _, _, t in info.path],
                "line": {"color": "var(--mdp-kept)", "width": 2.5},
                "marker": {"size": 6, "color": "var(--mdp-kept)"},
            },
            {
                **common,
                "mode": "markers",
                "name": "yours",
                "x": [100 * work],
                "y": [100 * time],
                "marker": mark,
            },
        ],
        "layout": layout(
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 13}},
            margin={"l": 52, "r": 12, "t": 34, "b": 42},
            hovermode="closest",
            xaxis=axis(f"{info.what} left, %", range=[0, 104]),
            yaxis=axis("latency left, %", range=[0, 108]),
        ),
    }


def work_label(info: WorkInfo) -> str:
    _, work, time = info.here
    return f"{percent(work, 0)} of the {info.what} are left, and {percent(time, 0)} of the latency."


def work_table(info: WorkInfo) -> tuple[list[str], list[list[str]]]:
    rows = [[f"{share} %", percent(work), percent(time)] for share, work, time in info.path]
    return ["widths kept", f"{info.what} left", "latency left"], rows
