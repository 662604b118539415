"""Half of the figure of step 5: every width is one choice out of a few; one-hot vectors say which."""

import ipywidgets as widgets

from mdp.core.quality import beside
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..state.navigation import middle_block
from ..theme import ui
from ..theme.markup import html
from .figures.choices import ChoicesInfo, DimChoice, choices_info
from .opening import aloud, lesson

# More buttons than this do not fit in a row: the options are thinned, dense always among them.
MOST = 12


def choices(selection: ExplorerState, block: str = "") -> widgets.Widget:
    """Buttons for the widths of one block, the one-hot vectors, and what the block then costs and holds."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    block = block or middle_block(study)
    if not block:
        return lesson(
            ui.sentence("This network has no blocks, so there is none to choose the widths of."),
            selection=selection,
        )
    rows = choices_info(study, block, {}).rows
    buttons = [widgets.ToggleButtons(options=thinned(row.options), value=row.kept) for row in rows]
    vectors = [widgets.HTML() for _ in rows]
    said = widgets.HTML()

    def show(_=None):
        info = choices_info(study, block, {r.dim: b.value for r, b in zip(rows, buttons, strict=True)})
        for row, vector in zip(info.rows, vectors, strict=True):
            vector.value = vector_html(row)
        said.value = aloud(sentence_html(info))

    for part in buttons:
        part.observe(show, "value")
    show()
    names = [
        widgets.HTML(html("<b>{name}</b>{shared}", name=r.label, shared=" (shared)" * r.shared)) for r in rows
    ]
    grid = widgets.Box([part for line in zip(names, buttons, vectors, strict=True) for part in line])
    grid.add_class("mdp-onehot")
    card = ui.card(grid, said, title=f"The widths of {block}: click to choose")
    card.add_class("mdp-whole")
    shown = lesson(card, selection=selection)
    shown.buttons, shown.said = buttons, said
    return shown


def thinned(options: tuple[int, ...], most: int = MOST) -> tuple[int, ...]:
    """At most `most` options, evenly spread, the last one always among them."""
    step = -(-len(options) // most)
    return options[::-1][::step][::-1]


def vector_html(row: DimChoice) -> str:
    """`ω = (0 0 1 0)`, the one marked; a long vector is written by its place. It says where widths have no
    button."""
    count = len(row.options)
    if count > 2 * MOST:
        place = row.one_hot.index(1) + 1
        words = f"ω: the <b>{place}.</b> of {count} is 1"
    else:
        bits = " ".join("<b>1</b>" if bit else "0" for bit in row.one_hot)
        words = f"ω = ({bits})"
    few = len(thinned(row.options))
    return f'<span class="mdp-omega">{words}{f", {few} of {count} shown" if few < count else ""}</span>'


def sentence_html(info: ChoicesInfo) -> str:
    """What the block costs and holds now, and how large the whole space is."""
    power = int(info.networks)
    lead = 10 ** (info.networks - power)
    return html(
        "This block now takes <b>{time}</b> of {dense} and keeps <b>{kept}</b> of its importance{doubt}. All "
        "blocks together offer <b>{lead} × 10<sup>{power}</sup></b> networks.",
        time=fmt.ms(info.latency, info.unit),
        dense=fmt.ms(info.dense_latency, info.unit),
        kept=fmt.percent(info.importance),
        doubt=beside(info.doubt),
        lead=f"{lead:.1f}",
        power=power,
    )
