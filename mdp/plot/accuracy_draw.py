"""The drawing of the front in accuracy; see accuracy_front for the record."""

from typing import Any

from ..core.plan_accuracy import Known
from ..core.quality_name import is_share
from .accuracy_front import AccuracyFront, Mark
from .accuracy_words import plan_name
from .formats import measured_in, ms, percent
from .front import MOVING, cross_hair, over_latency, spot_mark
from .front_layers import STYLES, draw_labels

__all__ = ["MOVING", "draw_accuracy"]

# Told apart by symbol, not by colour alone; greedy and random have theirs on the other axis, too.
SYMBOLS = (
    "triangle-up-open",
    "diamond-open",
    "triangle-down-open",
    "star-open",
    "cross-open",
    "hexagon-open",
)


def draw_accuracy(info: AccuracyFront) -> dict[str, Any]:
    """A plotly spec; the last MOVING traces change during a drag, as those of `draw_front`."""
    x_range = [0, info.dense_latency * 1.03]
    y_range = _y_range(info)
    line = _scatter("optimal plans, measured", info.optimal, "var(--mdp-kept)", "circle", 7)
    line |= {"mode": "lines+markers", "line": {"color": "var(--mdp-kept)", "width": 2}}
    others = [
        _scatter(plan_name(method), marks, *_look(method, i), 7)
        for i, (method, marks) in enumerate(info.others.items())
    ]
    tuned = [_scatter("fine-tuned", info.tuned, "var(--mdp-good)", "star", 11)] if info.tuned else []
    data = [line, _bars(info.optimal), *others, *tuned, *_dense(info, x_range)]
    data += [
        cross_hair(_spot(info.chosen), x_range, y_range),  # from here on MOVING traces
        draw_labels(()),
        spot_mark(_spot(info.other), "A", "square", "var(--mdp-other)", 12),
        spot_mark(_spot(info.chosen), "chosen", "circle", "var(--mdp-choice)", 14),
    ]
    return {
        "data": data,
        "layout": over_latency(
            f"{measured_in(info.unit)} (dense: {ms(info.dense_latency, info.unit)})",
            "accuracy, % of test images" if is_share(info.measure) else f"{info.measure}, %",
            x_range,
            y_range,
            legend=True,
        ),
    }


def _y_range(info: AccuracyFront) -> list[float]:
    """From a round number below everything that is shown to one above."""
    every = [*info.optimal, *info.tuned, *(m for marks in info.others.values() for m in marks)]
    shown = [100 * m.accuracy for m in every]
    shown += [100 * spot[1].share for spot in (info.chosen, info.other) if spot]
    shown += [100 * info.dense] if info.dense is not None else []
    if not shown:
        return [0.0, 104.0]
    low = max(0.0, 10.0 * ((min(shown) - 2) // 10))
    return [low, min(104.0, max(shown) + 0.06 * (max(shown) - low) + 1)]


def _spot(spot: tuple[float, Known] | None) -> tuple[float, float, bool] | None:
    return (spot[0], spot[1].share, not spot[1].estimate) if spot else None


def _look(method: str, i: int) -> tuple[str, str]:
    """Colour and symbol of a method."""
    if method in STYLES:
        colour, _, symbol = STYLES[method]
        return colour, symbol
    return "var(--mdp-ink-2)", SYMBOLS[i % len(SYMBOLS)]


def _scatter(name: str, marks: tuple[Mark, ...], colour: str, symbol: str, size: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "showlegend": bool(marks),
        "x": [m.latency for m in marks],
        "y": [100 * m.accuracy for m in marks],
        "text": [m.text for m in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": size, "color": colour, "symbol": symbol, "line": {"width": 1.2, "color": colour}},
    }


def _bars(marks: tuple[Mark, ...]) -> dict[str, Any]:
    """The 95 % intervals, a thin line each."""
    known = [m for m in marks if m.low is not None and m.high is not None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "95 % interval",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": [x for m in known for x in (m.latency, m.latency, None)],
        "y": [y for m in known for y in (100 * (m.low or 0), 100 * (m.high or 0), None)],
        "line": {"color": "var(--mdp-kept)", "width": 1.5},
    }


def _dense(info: AccuracyFront, x: list[float]) -> list[dict[str, Any]]:
    if info.dense is None:
        return []
    text = f"<b>dense</b> · {ms(info.dense_latency, info.unit)}<br>{info.measure} {percent(info.dense)}"
    text += f"<br>measured on {info.dense_on:,} images" if info.dense_on else ""
    mark = Mark(info.dense_latency, info.dense, text)
    level = {
        "type": "scatter",
        "mode": "lines",
        "name": "dense level",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": x,
        "y": [100 * info.dense] * 2,
        "line": {"color": "var(--mdp-ink-2)", "width": 1, "dash": "dot"},
    }
    return [level, _scatter("dense", (mark,), "var(--mdp-ink)", "diamond", 9)]
