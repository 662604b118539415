"""Small shared bits of every panel: the style sheet, cards, sentences, tables and number formats. No torch.

Every panel that stands alone in a notebook cell is wrapped by `panel`, which brings the style sheet along;
inside the explorer the sheet is there once. Colours are the CSS variables of mdp/plot/tokens.css.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape  # noqa: F401 (panels take it from here)
from pathlib import Path
from typing import Any

import ipywidgets

from mdp.plot.style import TOKENS

from .markup import Markup, html, joined

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def static(name: str) -> str:
    """A style sheet or script of ours, by its path in mdp_widgets: `widgets/budget.css`."""
    return (PACKAGE / name).read_text(encoding="utf-8")


def script(*names: str) -> str:
    """The script of a widget: files of ours, those that it uses in front of it."""
    return "".join(map(static, names))


def css() -> str:
    """The style sheet of everything: tokens (light and dark) and the shared shapes."""
    return TOKENS.read_text(encoding="utf-8") + static("theme/base.css")


def panel(*children: ipywidgets.Widget) -> ipywidgets.VBox:
    """A column of children in our look, style sheet included: what a panel function returns."""
    hidden = {"height": "0", "margin": "0", "overflow": "hidden"}
    sheet = ipywidgets.HTML(f"<style>{css()}</style>", layout=hidden)
    box = ipywidgets.VBox([sheet, *children])
    box.add_class("mdp")
    return box


def card(*children: ipywidgets.Widget, title: str = "", note: str = "", **layout: Any) -> ipywidgets.VBox:
    """A white card with a heading and a note under it. `layout` goes to ipywidgets.Layout."""
    head = [heading(title)] if title else []
    head += [sentence(note)] if note else []
    box = ipywidgets.VBox([*head, *children], layout=ipywidgets.Layout(**layout))
    box.add_class("mdp-card")
    return box


def row(*children: ipywidgets.Widget, gap: str = "12px", **layout: Any) -> ipywidgets.HBox:
    """Children side by side, wrapping on a narrow page."""
    return ipywidgets.HBox(
        children,
        layout=ipywidgets.Layout(
            **{"grid_gap": gap, "flex_flow": "row wrap", "align_items": "center", **layout}
        ),
    )


def heading(text: str, level: int = 3) -> ipywidgets.HTML:
    return ipywidgets.HTML(html("<h{level}>{text}</h{level}>", level=level, text=text))


def sentence(text: str = "", kind: str = "note") -> ipywidgets.HTML:
    """A sentence that can change: `say(widget, text, kind)`. Kinds: note, warning, status, error."""
    widget = ipywidgets.HTML()
    say(widget, text, kind)
    return widget


def say(widget: ipywidgets.HTML, text: str, kind: str = "note") -> None:
    """Put a sentence into a `sentence` widget; an empty one takes no room."""
    role = {"error": "alert", "status": "status", "warning": "note"}.get(kind)
    attribute = html(' role="{role}"', role=role) if role else ""
    said = html('<p class="mdp-{kind}"{attribute}>{text}</p>', kind=kind, attribute=attribute, text=text)
    widget.value = said if text else ""
    widget.layout.display = None if text else "none"


def button(text: str, on_click, *, primary: bool = False, tooltip: str = "") -> ipywidgets.Button:
    """A button that calls `on_click()` without arguments."""
    widget = ipywidgets.Button(
        description=text,
        tooltip=tooltip or text,
        button_style="primary" if primary else "",
        layout=ipywidgets.Layout(width="auto"),
    )
    widget.on_click(lambda _: on_click())
    return widget


def unseen(widget: ipywidgets.Widget) -> Any:
    """The same field without the sight of its label, which a screen reader still tells."""
    widget.add_class("mdp-unseen")
    return widget


def table_html(columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> Markup:
    """A text table; cells are escaped. Numbers should come formatted (see the functions below)."""
    cells = (joined(html("<td>{cell}</td>", cell=c) for c in r) for r in rows)
    return html(
        "<table class='mdp-table'>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
        title=html("<caption>{words}</caption>", words=caption) if caption else "",
        head=joined(html("<th scope='col'>{cell}</th>", cell=c) for c in columns),
        body=joined(html("<tr>{cells}</tr>", cells=line) for line in cells),
    )


def details(columns: Sequence[str], rows: Iterable[Sequence[Any]], summary: str = "As a table") -> Markup:
    """A text table folded away under a summary: the one behind every figure."""
    return html(
        "<details class='mdp-details'><summary>{summary}</summary><div>{table}</div></details>",
        summary=summary,
        table=table_html(columns, rows),
    )
