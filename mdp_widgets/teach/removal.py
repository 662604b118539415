"""The figure of step 4: whole blocks may go."""

import ipywidgets as widgets

from mdp.core.quality import beside, importance_doubt
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .budget_slider import budget_slider
from .figures.blocks import blocks_info, blocks_label, blocks_table, draw_blocks, with_plan
from .opening import aloud, lesson
from .steps.blocks import tight


def removal(selection: ExplorerState) -> widgets.Widget:
    """Keep or drop each block by hand at one budget, against the front with and without block removal."""
    if selection.study is None:
        return lesson(selection=selection)
    # A selection of its own: what is tried here does not change the other steps.
    mine = ExplorerState(selection.study)
    mine.set_budget(tight(selection.study.problem))  # what the step asks about
    problem = mine.study.problem
    fronts = blocks_info(problem)
    share = budget_slider(mine)
    plot = figure("330px", "block-removal")
    said = widgets.HTML()
    setting = []
    buttons = [
        widgets.ToggleButton(description=b.name, tooltip=f"Keep {b.name}", disabled=not b.removable)
        for b in problem.blocks
    ]

    doubt = beside(importance_doubt(mine.study))

    def show(_=None):
        removed = set(mine.plan.removed_blocks)
        setting.append(True)
        for block, button in zip(problem.blocks, buttons, strict=True):
            gone = block.name in removed
            button.value = not gone
            pinned = " (yours)" if block.name in mine.pins.blocks else ""
            button.description = f"{block.name}: {'removed' if gone else 'kept'}{pinned}"
        setting.pop()
        kept = mine.plan.importance / (problem.dense_importance or 1.0)
        info = with_plan(fronts, mine.plan.latency, kept)
        plot.show(draw_blocks(info), blocks_label(info), *blocks_table(info))
        by_hand = f", {len(mine.pins.blocks)} decided by you" if mine.pins.blocks else ""
        said.value = aloud(
            html(
                "{left} of {blocks} blocks kept{by_hand}: <b>{kept}</b> of the importance{doubt} in "
                "<b>{time}</b>. Without removing blocks nothing under {smallest} exists.",
                left=len(problem.blocks) - len(removed),
                blocks=len(problem.blocks),
                by_hand=by_hand,
                kept=fmt.percent(kept),
                doubt=doubt,
                time=fmt.ms(mine.plan.latency, problem.latency_unit),
                smallest=fmt.ms(fronts.smallest_kept, problem.latency_unit),
            )
        )

    def decide(block):
        def toggled(change):
            if not setting:
                mine.pin_block(block, change["new"])
                show()  # also where nothing fits: the button goes back

        return toggled

    def tell(_):
        ui.say(problem_said, mine.error, "error")

    problem_said = ui.sentence(kind="error")
    for block, button in zip(problem.blocks, buttons, strict=True):
        button.observe(decide(block.name), "value")
    mine.observe(show, ["plan", "pins"])
    mine.observe(tell, "error")
    show()
    grid = widgets.Box(buttons)
    grid.add_class("mdp-blocks")
    free = ui.button("Leave all to the solver", mine.clear_pins)
    shown = lesson(
        ui.card(share, grid, ui.row(free), problem_said, said, title="Keep or remove each block"),
        ui.card(plot, title="What that freedom is worth"),
        selection=selection,
    )
    shown.mine, shown.buttons, shown.share, shown.said, shown.plot = mine, buttons, share, said, plot
    return shown
