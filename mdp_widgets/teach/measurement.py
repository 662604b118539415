"""The figure of step 6: what a proof proves, and what only a measurement shows."""

import ipywidgets as widgets

from mdp.core.quality import accuracy_check_words
from mdp.plot import formats as fmt
from mdp.plot.accuracy_words import accuracy_sentence, dense_accuracy, dense_images

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .budget_slider import budget_slider
from .figures.measured import at_plan, draw_measured, measured_info, measured_label, measured_table
from .opening import aloud, lesson

UNMEASURED = (
    "The plans of this study were not measured yet. Proven is that no choice keeps more importance; what "
    "that is worth, only images tell. Run mdp measure '{name}' --budgets 15,25,40,60,80 --save, and "
    "open this page anew."
)


def measurement(selection: ExplorerState) -> widgets.Widget:
    """A budget slider; what is proven of the plan and what was measured of it, in words and as two lines."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    problem = study.problem
    start = measured_info(study, selection.plan)
    share = budget_slider(selection)
    plot = figure("330px", "proven-and-measured")
    proven, measured, tuned = widgets.HTML(), widgets.HTML(), widgets.HTML()

    def show(_=None):
        plan = selection.plan
        kept = fmt.percent(plan.importance / (problem.dense_importance or 1.0))
        within = fmt.ms(selection.budget, problem.latency_unit)
        sure = "Proven" if plan.optimal else "Not proven"
        proven.value = aloud(
            html(
                "{sure}: no choice within <b>{within}</b> keeps more than <b>{kept}</b> of the importance.",
                sure=sure,
                within=within,
                kept=kept,
            )
        )
        told = accuracy_sentence(
            selection.accuracies.of(plan), dense_accuracy(study), dense_on=dense_images(study)
        )
        measured.value = aloud(f"Measured: {told}")
        tuned.value = aloud(tuned_words(selection)) if selection.accuracies.networks else ""
        if start.latency:
            info = at_plan(start, plan)
            plot.show(draw_measured(info), measured_label(info), *measured_table(info))

    selection.observe(show, "plan")
    selection.accuracies.observe(show, ["since", "networks"])
    show()
    words = [share, proven, measured, tuned]
    if start.latency:
        words.append(ui.sentence(accuracy_check_words(study)))
        parts = [ui.card(*words), ui.card(plot, title="The same plans: importance kept, and accuracy")]
    else:
        words.append(ui.sentence(UNMEASURED.format(name=study.name)))
        parts = [ui.card(*words)]
        parts[0].add_class("mdp-whole")
    shown = lesson(*parts, selection=selection)
    shown.share, shown.proven, shown.measured, shown.plot, shown.words = share, proven, measured, plot, words
    return shown


def tuned_words(selection: ExplorerState) -> str:
    """What this study's fine-tuned networks came to: `Fine-tuned: 85.4 % right at 25 % of the latency; …`."""
    dense = selection.study.problem.dense_latency
    found = {round(100 * n.plan.latency / dense): n.accuracy for n in reversed(selection.accuracies.networks)}
    told = [f"{fmt.percent(right)} right at {at} %" for at, right in sorted(found.items())]
    return f"Fine-tuned networks at hand: {'; '.join(told)} of the latency."
