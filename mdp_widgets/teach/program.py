"""Half of the figure of step 5: the whole program, solved while the slider moves."""

import ipywidgets as widgets

from mdp.core.plan import Plan
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.front import draw_front, front_info, front_label, front_table

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..views.survivors_view import SurvivorsView
from ..widgets.budget import BudgetBar
from ..widgets.sized import figure
from .opening import aloud, lesson

# Sub- and superscripts in plain HTML: a formula renderer would be fetched from another machine.
PROGRAM = """
<table class="mdp-program">
<tr><td>maximise</td><td>Σ<sub><i>b</i></sub> <i>κ<sub>b</sub></i> Σ<sub><i>d</i></sub> Σ<sub><i>i</i></sub>
 <i>ω<sub>d</sub><sup>i</sup> I<sub>d</sub><sup>i</sup></i></td>
 <td class="mdp-mean">importance of what is kept</td></tr>
<tr><td>so that</td><td>Σ<sub><i>b</i></sub> <i>κ<sub>b</sub></i> ·
 <i>T<sub>b</sub></i>(<i>ω</i>) ≤ <i>Ψ</i></td>
 <td class="mdp-mean">the tables, summed, meet the budget</td></tr>
<tr><td></td><td>Σ<sub><i>i</i></sub> <i>ω<sub>d</sub><sup>i</sup></i> = 1, &nbsp;
 <i>ω</i>, <i>κ</i> ∈ {0, 1}</td><td class="mdp-mean">one width for every dim, each block in or out</td></tr>
</table>"""


def program(selection: ExplorerState) -> widgets.Widget:
    """Formula, budget, front and survivors, all live."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    bar, price = BudgetBar(selection), widgets.HTML()
    front = figure("320px", "pareto-front")
    drawing = SurvivorsView(selection, height="320px", close_up=False).drawing

    def show(_=None):
        info = front_info(study, selection.front, selection.plan)
        front.show(draw_front(info), front_label(info), *front_table(info))
        price.value = aloud(price_words(study, selection.plan)) if selection.plan else ""

    def choose(point):
        index = point.get("custom")
        if isinstance(index, int) and selection.front and 0 <= index < len(selection.front.points):
            selection.set_budget(max(selection.front.points[index].budget, selection.min_latency))

    selection.observe(show, ["plan", "front"])
    front.on_click(choose)
    show()
    head = ui.card(widgets.HTML(PROGRAM))
    budget = ui.card(bar, price)
    for card in (head, budget):
        card.add_class("mdp-whole")
    shown = lesson(
        head,
        budget,
        ui.card(front, title="Pareto front: click a point"),
        ui.card(drawing, title="What survives"),
        selection=selection,
    )
    shown.bar, shown.front, shown.drawing = bar, front, drawing
    return shown


def price_words(study: StudyRecord, plan: Plan) -> str:
    """The shadow price at this budget, in points of importance for one more per cent of the dense latency."""
    if plan.shadow_price is None:
        return ""
    problem = study.problem
    step = problem.dense_latency / 100
    points = 100 * plan.shadow_price * step / (problem.dense_importance or 1.0)
    return html(
        "Shadow price: here another {step} (1 % of dense) buys about <b>{points} points</b> of importance.",
        step=fmt.ms(step, problem.latency_unit),
        points=fmt.number(points, 2),
    )
