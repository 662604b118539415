"""Every single cut of a network, worst first: what it does to accuracy, or else to importance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mdp.plot.formats import percent
from mdp.plot.style import axis, layout

from ..moves import Move


@dataclass(frozen=True)
class ScanInfo:
    """The bars of a scan, worst first.

    Attributes:
        measured: whether `lost` is accuracy, in points; else importance, in per cent.
        names, what, lost: of every cut.
        latency: left with it, as a share of dense.
    """

    measured: bool
    names: tuple[str, ...]
    what: tuple[str, ...]
    lost: tuple[float, ...]
    latency: tuple[float, ...]


def scan_info(moves: Sequence[Move], dense: float | None) -> ScanInfo:
    """The record; accuracy counts where every cut was measured and the dense network too."""
    measured = dense is not None and all(m.accuracy is not None for m in moves)

    def lost(move: Move) -> float:
        return 100 * ((dense or 0) - (move.accuracy or 0)) if measured else 100 * move.lost

    rows = sorted(moves, key=lost, reverse=True)
    return ScanInfo(
        measured,
        tuple(m.name for m in rows),
        tuple(m.what for m in rows),
        tuple(lost(m) for m in rows),
        tuple(m.latency for m in rows),
    )


def draw_scan(info: ScanInfo) -> dict[str, Any]:
    """A plotly spec: one bar a cut; removed blocks in another colour and hatched."""
    data = []
    for name, is_block, colour in (
        ("half of a dim", False, "var(--mdp-kept)"),
        ("a block removed", True, "var(--mdp-other)"),
    ):
        rows = [i for i, what in enumerate(info.what) if (what == "block") is is_block]
        data.append(
            {
                "type": "bar",
                "name": name,
                "x": [info.names[i] for i in rows],
                "y": [info.lost[i] for i in rows],
                "customdata": [percent(info.latency[i], 0) for i in rows],
                "marker": {"color": colour, "pattern": {"shape": "/" if is_block else ""}},
                "hovertemplate": "%{x}: %{y:.1f} lost, %{customdata} of the time left<extra></extra>",
            }
        )
    title = "accuracy lost, points" if info.measured else "importance lost, %"
    return {
        "data": data,
        "layout": layout(
            showlegend=True,
            legend={
                "orientation": "h", "x": 1, "xanchor": "right", "y": 1, "font": {"size": 13},
            },
            margin={"l": 52, "r": 12, "t": 8, "b": 110},
            hovermode="closest",
            bargap=0.2,
            xaxis=axis(
                "", type="category", showgrid=False, tickangle=-50, categoryorder="array",
                categoryarray=list(info.names), tickfont={"size": 12},
            ),
            yaxis=axis(title, rangemode="tozero"),
        ),
    }  # fmt: skip


def scan_label(info: ScanInfo) -> str:
    unit = "points of accuracy" if info.measured else "per cent of the importance"
    return f"{len(info.names)} single cuts; the worst, {info.names[0]}, costs {info.lost[0]:.1f} {unit}."


def scan_table(info: ScanInfo) -> tuple[list[str], list[list[str]]]:
    rows = [
        [name, "removed" if what == "block" else "half", f"{lost:.1f}", percent(latency, 0)]
        for name, what, lost, latency in zip(info.names, info.what, info.lost, info.latency, strict=True)
    ]
    return [
        "cut",
        "",
        "accuracy lost, points" if info.measured else "importance lost, %",
        "latency left",
    ], rows
