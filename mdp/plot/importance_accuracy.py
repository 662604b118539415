"""The test of importance as a picture: accuracy over importance kept, for plans of about equal latency."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..core.plan_accuracy import PlanAccuracy, known_of, measured_plans
from ..core.quality import accuracy_check, correlations
from ..core.study import StudyRecord
from .accuracy_words import plan_name, stage_text
from .formats import ms, percent
from .plan_summary import removed_summary
from .style import axis, layout

# A plan is of a band if its latency is within this share of dense of it.
NEAR = 0.03
COLOURS = ("--mdp-kept", "--mdp-other", "--mdp-good", "--mdp-choice")
REST, ALL = "other latencies", "measured plans"


@dataclass(frozen=True)
class Spot:
    """One measured plan; importance and accuracy as shares, `text` for a hover."""

    importance: float
    accuracy: float
    method: str
    text: str


@dataclass(frozen=True)
class ImportanceTest:
    """What the figure shows: name of a latency band -> its measured plans; `ranks` the rank correlation of
    importance and accuracy in each band, where it was tested."""

    bands: dict[str, tuple[Spot, ...]]
    ranks: dict[str, float]


def importance_test(study: StudyRecord, also: Collection[PlanAccuracy] = ()) -> ImportanceTest:
    """The record of a study's measured plans by band of latency."""
    tested = correlations(accuracy_check(study))
    names = {share: f"{percent(share, 0)} of dense" for share in tested}
    bands: dict[str, list[Spot]] = {name: [] for name in names.values()}
    for one in (*measured_plans(study), *also):
        share = one.latency / (study.problem.dense_latency or 1.0)
        near = min(tested, key=lambda band: abs(band - share), default=None)
        of_band = near is not None and abs(near - share) <= NEAR
        bands.setdefault(names[near] if of_band and near is not None else REST, []).append(_spot(study, one))
    if not tested and REST in bands:  # other than none
        bands = {ALL: bands[REST]}
    return ImportanceTest(
        {name: tuple(spots) for name, spots in bands.items() if spots},
        {names[share]: rank for share, rank in tested.items()},
    )


def _spot(study: StudyRecord, one: PlanAccuracy) -> Spot:
    problem, known = study.problem, known_of(one)
    importance = one.importance / (problem.dense_importance or 1.0)
    text = (
        f"<b>{plan_name(one.method)}</b> · {ms(one.latency, problem.latency_unit)}<br>"
        f"{percent(importance)} importance, accuracy {percent(known.share)} {stage_text(known)}<br>"
        f"measured on {one.images:,} images<br>{removed_summary(problem, one.removed)}"
    )
    return Spot(importance, known.share, one.method, text)


def draw_importance_test(info: ImportanceTest) -> dict[str, Any]:
    """A plotly spec: a colour a band, filled circles for optimal plans."""
    data = []
    for i, (name, spots) in enumerate(info.bands.items()):
        colour = f"var({COLOURS[i % len(COLOURS)] if name not in (REST, ALL) else '--mdp-ink-2'})"
        rank = info.ranks.get(name)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name if rank is None else f"{name}: {_signed(rank)}",
                "showlegend": True,
                "x": [100 * s.importance for s in spots],
                "y": [100 * s.accuracy for s in spots],
                "text": [s.text for s in spots],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "size": 8,
                    "color": colour,
                    "symbol": [_symbol(s.method) for s in spots],
                    "line": {"width": 1.4, "color": colour},
                },
            }
        )
    # Random choices keep so little that the others would stand on one spot; the table has them all.
    chosen = [s for spots in info.bands.values() for s in spots if s.method != "random"]
    x = [100 * s.importance for s in chosen]
    y = [100 * s.accuracy for s in chosen]
    place = {"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "orientation": "h"}
    return {
        "data": data,
        "layout": layout(
            margin={"l": 50, "r": 14, "t": 30, "b": 42},
            hovermode="closest",
            showlegend=True,
            legend={**place, "font": {"size": 11}, "bgcolor": "rgba(0,0,0,0)"},
            xaxis=axis("importance kept, %", range=_range(x)),
            yaxis=axis("accuracy, % of test images", range=_range(y)),
        ),
    }


def _symbol(method: str) -> str:
    return {"exact": "circle", "random": "x-thin-open"}.get(method, "circle-open")


def _range(values: list[float]) -> list[float]:
    if not values:
        return [0.0, 100.0]
    room = 0.06 * (max(values) - min(values)) + 1
    return [min(values) - room, max(values) + room]


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def importance_test_table(info: ImportanceTest) -> tuple[list[str], list[list[str]]]:
    """The same as text: columns and rows."""
    rows = [
        [name, plan_name(s.method), percent(s.importance), percent(s.accuracy)]
        for name, spots in info.bands.items()
        for s in sorted(spots, key=lambda s: -s.importance)
    ]
    return ["latency", "found by", "importance kept", "accuracy"], rows


def importance_test_label(info: ImportanceTest) -> str:
    """One sentence for a screen reader."""
    many = sum(map(len, info.bands.values()))
    ranks = ", ".join(f"{_signed(rank)} at {name}" for name, rank in info.ranks.items())
    text = f"Accuracy over importance kept of {many} measured plans."
    return f"{text} Rank correlation: {ranks}." if ranks else text
