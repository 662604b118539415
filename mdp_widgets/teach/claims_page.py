"""The paper's claims, in the pupil's hands: each with what was measured here and a control that shows it."""

from collections.abc import Callable

import ipywidgets as widgets

from ..theme import ui
from ..theme.markup import Markup, html
from .claims import VERDICTS, Claim, claims
from .glossary import with_terms

TEXT = (
    "Each claim of the paper, what was measured in this project, and the control where you see it move. "
    "Two meanings of per cent are in use there; here it is always the latency that is left."
)


class ClaimsPage:
    """`.widget` is the page; a button leads to the step that shows a claim, or a link to the explorer.

    `.html` is all of its words.
    """

    def __init__(self, go_to: Callable[[int], None], number: int):
        head = html(
            '<div class="mdp-step-head"><h2>{n}. {title}</h2><p class="mdp-ask">{text}</p></div>',
            title="The paper's claims, in your hands",
            n=number,
            text=TEXT,
        )
        self.buttons: list[widgets.Button] = []
        self.html, cards = "", []
        for claim in claims():
            said = widgets.HTML(claim_html(claim))
            self.html += said.value
            parts: list[widgets.Widget] = [said]
            if claim.step:
                button = ui.button(claim.control, lambda step=claim.step: go_to(step))
                self.buttons.append(button)
                parts.append(button)
            card = ui.card(*parts)
            card.add_class("mdp-claim")
            cards.append(card)
        self.widget = widgets.VBox([widgets.HTML(head), *cards])
        self.widget.add_class("mdp-step")


def claim_html(claim: Claim) -> Markup:
    """One record as HTML."""
    command = html("<code>{c}</code>", c=claim.command) if claim.command else ""
    # Beside this page: below the same path, wherever the server has it.
    link = (
        html(
            '<a class="mdp-claim-link mdp-served" href="./#{view}" target="_blank">{words} ↗</a>',
            view=claim.opens,
            words=claim.control,
        )
        if claim.opens
        else ""
    )
    return html(
        '<h3><span class="mdp-verdict mdp-verdict-{n}">{verdict}</span> {claim}</h3>'
        '<p class="mdp-source">{source}</p><p class="mdp-measured">{measured}</p>{command} {link}',
        n=VERDICTS.index(claim.verdict),
        verdict=claim.verdict,
        claim=claim.claim,
        source=claim.source,
        measured=with_terms(claim.measured),
        command=command,
        link=link,
    )
