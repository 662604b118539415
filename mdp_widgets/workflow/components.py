"""Small parts of the long-work panels: fields, numbered cards, lists of facts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mdp import jobs
from mdp.core.errors import MdpError

from ..theme import ui
from ..theme.markup import Markup, html, joined

_SHEET = Path(__file__).with_name("workflow.css").read_text(encoding="utf-8")


def long_work(*children: widgets.Widget) -> widgets.VBox:
    """A panel in our look, with the style sheet of long work: what every panel function here returns."""
    sheet = widgets.HTML(
        f"<style>{_SHEET}</style>", layout={"height": "0", "margin": "0", "overflow": "hidden"}
    )
    return ui.panel(sheet, *children)


def flow(*cards: widgets.Widget) -> widgets.Box:
    """Cards side by side, equally tall, below each other where the page is narrow."""
    box = widgets.Box(cards)
    box.add_class("mdp-flow")
    if len(cards) > 3:
        box.add_class("mdp-flow-many")
    return box


def two_columns(*children: widgets.Widget) -> widgets.Box:
    """Side by side within a card, below each other where it is narrow."""
    box = widgets.Box(children)
    box.add_class("mdp-two")
    return box


def step_card(number: int, title: str, *children: widgets.Widget) -> widgets.VBox:
    """A card that is one step of several."""
    head = widgets.HTML(
        html(
            '<h3 style="display:flex;gap:8px;align-items:center">'
            '<span class="mdp-number">{number}</span>{title}</h3>',
            number=number,
            title=title,
        )
    )
    box = ui.card(head, *children)
    box.add_class("mdp-step")
    return box


def fields(*children: widgets.Widget) -> widgets.VBox:
    """Labelled inputs below each other, labels aligned."""
    box = widgets.VBox(children)
    box.add_class("mdp-fields")
    return box


def dropdown(label: str, options: Any, value: Any = None, tooltip: str = "") -> widgets.Dropdown:
    options = list(options)
    chosen = {} if value is None else {"value": value}
    wide = widgets.Layout(width="auto")
    return widgets.Dropdown(
        description=label, options=options, tooltip=tooltip or label, layout=wide, **chosen
    )


def text(label: str, value: str = "", placeholder: str = "", tooltip: str = "") -> widgets.Text:
    return widgets.Text(description=label, value=value, placeholder=placeholder, tooltip=tooltip or label)


def combobox(label: str, options: Any, value: str, tooltip: str = "") -> widgets.Combobox:
    return widgets.Combobox(
        description=label, options=list(options), value=value, tooltip=tooltip or label, ensure_option=False
    )


def start_button(label: str, start: Callable[[], Any], **kwargs: Any) -> widgets.Button:
    """A button that starts long work; where this server allows none, it cannot be pressed and says why."""
    button = ui.button(label, start, **kwargs)
    if jobs.refusal():
        button.disabled, button.tooltip = True, jobs.refusal()
    return button


def facts_html(facts: Mapping[str, str]) -> Markup:
    """A list of names and values."""
    rows = joined(html("<dt>{name}</dt><dd>{value}</dd>", name=k, value=v) for k, v in facts.items())
    return html('<dl class="mdp-facts">{rows}</dl>', rows=rows)


def or_sentence(do: Callable[[], Any], complain: Callable[[str], None]) -> Any:
    """Do it; what a person can put right becomes a sentence, and the result is None."""
    try:
        result = do()
    except MdpError as error:
        complain(str(error))
        return None
    return result


def offer(part: widgets.Dropdown, options: list[tuple[str, str]], *, keep: bool = True) -> None:
    """New options for a dropdown. What was chosen stays if `keep` and it can; else the first is chosen."""
    if tuple(part.options) == tuple(options):
        return
    before = part.value
    part.options = options
    values = [value for _, value in options]
    part.value = before if keep and before in values else next(iter(values), None)
