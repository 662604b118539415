"""What survives, as a plotly figure: one line per dim, in the order of the network."""

from typing import Any

from .formats import ms
from .style import axis, layout
from .survivor_rows import Bar, SurvivorsInfo, fixed_words

ROW = 18  # pixels


def draw_survivors(info: SurvivorsInfo) -> dict[str, Any]:
    """A plotly spec: kept over dense, as bars in the order of the network; a removed block has a cross."""
    names, kept, texts, gone = [], [], [], []
    for group in info.groups:
        for bar in group.bars:
            _add(names, kept, texts, " · ".join(dict.fromkeys((group.name, bar.label))), bar)
        for row in group.rows:
            if row.removed:
                name = f"{row.label} · removed"
                names.append(name)
                kept.append(0.0)
                texts.append(f"{row.block}: removed, was {ms(row.dense_latency, info.unit)}")
                gone.append(name)
                continue
            for bar in row.bars:
                _add(names, kept, texts, f"{row.label} · {bar.label}", bar)
    back = {
        "type": "bar",
        "orientation": "h",
        "x": [0.0 if name in gone else 100.0 for name in names],
        "y": names,
        "marker": {"color": "var(--mdp-gone)", "pattern": {"shape": "/", "size": 6}},
        "hoverinfo": "skip",
    }
    front = {
        "type": "bar",
        "orientation": "h",
        "x": kept,
        "y": names,
        "marker": {"color": "var(--mdp-kept)"},
        "customdata": texts,
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    crosses = {
        "type": "scatter",
        "mode": "markers",
        "x": [2.0] * len(gone),
        "y": gone,
        "marker": {"symbol": "x-thin", "size": 10, "line": {"width": 2, "color": "var(--mdp-ink-2)"}},
        "hoverinfo": "skip",
    }
    said = {
        "text": fixed_words(info),
        "showarrow": False,
        **{"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
    }
    return {
        "data": [back, front, crosses],
        "layout": layout(
            annotations=[said] if info.fixed else [],
            barmode="overlay",
            bargap=0.25,
            height=80 + ROW * len(names),
            xaxis=axis("kept, % of dense", range=[0, 100]),
            yaxis={**axis(), "autorange": "reversed", "automargin": True, "type": "category"},
        ),
    }


def _add(names: list[str], kept: list[float], texts: list[str], name: str, bar: Bar) -> None:
    names.append(name)
    kept.append(100 * bar.kept / bar.dense)
    texts.append(f"{bar.dim}: {bar.kept} of {bar.dense}")
