"""What all figures share: axes, layout, and the colours of both themes (tokens.css). No torch, no widgets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKENS = Path(__file__).with_name("tokens.css")

AXIS = {
    "gridcolor": "var(--mdp-line)",
    "zeroline": False,
    "linecolor": "var(--mdp-line)",
    "ticks": "outside",
    "tickcolor": "var(--mdp-line)",
    "ticklen": 4,
    "automargin": False,
    "title": {"font": {"size": 12, "color": "var(--mdp-ink-2)"}},
}


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """A plain axis with a title; `more` overrides."""
    return {**AXIS, **more, "title": {**AXIS["title"], "text": title, "standoff": 6}}


def layout(**more: Any) -> dict[str, Any]:
    """The layout that our figures share: no title (the card has one), no background of its own."""
    return {
        "margin": {"l": 48, "r": 12, "t": 10, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "uirevision": "kept",
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": "var(--mdp-ink)",
            "bordercolor": "var(--mdp-ink)",
            "font": {"color": "var(--mdp-card)", "size": 12},
            "align": "left",
        },
        **more,
    }


def concrete(spec: Mapping[str, Any], *, dark: bool = False) -> dict[str, Any]:
    """The spec with CSS variables looked up: for plotly.graph_objects.Figure(...), reports and tests."""
    colours = tokens(dark=dark)

    def walk(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("var(--"):
            return colours[value[4:-1]]
        if isinstance(value, Mapping):
            return {k: walk(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [walk(v) for v in value]
        return value

    return walk(spec)


def tokens(*, dark: bool = False) -> dict[str, str]:
    """The CSS variables of one theme: {"--mdp-kept": "#0b62a8", ...}."""
    light_block, dark_block = TOKENS.read_text(encoding="utf-8").split("}")[:2]
    found = _variables(light_block)
    return found | _variables(dark_block) if dark else found


def _variables(block: str) -> dict[str, str]:
    body = block.partition("{")[2]
    pairs = (one.partition(":") for one in body.split(";"))
    return {k.strip(): " ".join(v.split()) for k, _, v in pairs if k.strip().startswith("--")}
