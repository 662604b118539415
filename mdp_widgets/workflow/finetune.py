"""Fine-tune the pruned network of the current plan, and see what came of accuracy and latency."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mdp.core.budgets import parse_budgets
from mdp.core.names import slug
from mdp.core.paths import data_dir
from mdp.core.plan import Plan
from mdp.core.saved_networks import Network, networks_of_plan
from mdp.core.study import StudyRecord
from mdp.jobs import JobState
from mdp.operations import FinetuneOptions, argv
from mdp.plot import formats as fmt
from mdp.plot.plan_summary import removed_count
from mdp.solve import check_methods

from ..theme import ui
from ..widgets.plot import Plot
from .components import combobox, fields, flow, long_work, or_sentence, start_button
from .finetune_facts import facts_table, finetune_facts
from .form import form, values_of
from .job_view import JobView
from .plans import network_folder, plan_files
from .refusals import form_checks, guard, with_places
from .study_draft import FASHION, StudyDraft, checked_data
from .training_curve import draw_training, training_info, training_label, training_table


def finetune_panel(selection) -> widgets.VBox:
    """Form and job, live curve, and the table of accuracy and latency.

    Traits: it follows study and plan of the ExplorerState; state of its `job` holds what comes in.
    Its other parts: `about`, `data`, `bad`, `repair`, `images`, `epochs`, `rate`, `budgets`, `methods`, `go`,
    `plot`, `table`.
    """
    data = combobox(
        "Images",
        [FASHION],
        images_for(selection),
        "fashion-mnist, or one folder per class",
    )
    offered = {"data": data.value}
    data.placeholder = "/path/to/a/folder/per/class"
    parts = form(
        FinetuneOptions, "skip_bad", "images", "recipe", "epochs", "rate", "budgets", "methods", "repair"
    )
    about = ui.sentence()
    job = JobView(
        "finetune",
        idle="The pruned network is taken out of the dense one, trained on, and timed.",
        resume=lambda state: is_about(state, selection.study),
    )
    plot = Plot(height="100%", filename="fine-tuning")
    table = widgets.HTML()

    def asked() -> FinetuneOptions:
        study, plan = plan_files(selection)
        chosen = values_of(FinetuneOptions, parts)
        if chosen["budgets"]:  # each network gets a folder of its own among the user's
            return FinetuneOptions(source=study, data=checked_data(data.value), **chosen)
        del chosen["budgets"], chosen["methods"]
        some = f"-{chosen['images']}images" if chosen["images"] else ""
        some += "" if chosen["repair"] else "-unrepaired"
        some += "" if chosen["epochs"] is None else f"-{chosen['epochs']}epochs"
        some += "" if chosen["rate"] is None else f"-lr{chosen['rate']:g}"
        out = network_folder(selection, f"-{chosen['recipe']}{some}")
        folder = checked_data(data.value)
        return FinetuneOptions(source=study, plan=plan, data=folder, out=str(out), **chosen)

    def budgets_fit():
        typed = values_of(FinetuneOptions, {"budgets": parts["budgets"]})["budgets"]
        if typed and selection.study is not None:
            parse_budgets(typed, selection.study.problem)

    def methods_exist():
        check_methods(word.strip() for word in parts["methods"].value.split(","))

    def start():
        options = or_sentence(asked, job.complain)
        if options:
            what = options.budgets or fmt.ms(selection.plan.latency)
            job.start(argv(options), f"Fine-tuning {selection.study.name} at {what}")

    def draw(_=None):
        state, before = whose_facts(job.state, selection.plan)
        describe(before=before.name if before else "")
        facts = finetune_facts(state, selection.study, selection.plan, before)
        info = training_info(
            state.metrics if state else (),
            dense=facts.dense,
            pruned=facts.pruned if state else None,  # a network of before has no curve to begin
            epochs=facts.epochs,
        )
        columns, rows = training_table(info)
        plot.show(draw_training(info), training_label(info), columns, rows)
        table.value = facts_table(facts)

    done: dict[str, int] = {}

    def grow(_=None):
        """A network has come: the front shows it at once."""
        state = job.state
        if state is not None:
            now = sum("members_done" in m for m in state.metrics) + bool(state.result)
            if now > done.get(state.id, 0):
                done[state.id] = now
                selection.accuracies.look()

    def describe(_=None, before: str = ""):
        plan = selection.plan
        if plan is None:
            ui.say(about, "")
            return
        more = f"Fine-tuned before: {before}, in Take away." if before else "Another budget gives another."
        ui.say(about, f"Plan: {fmt.ms(plan.latency)}, {removed_count(plan)}. {more}")

    def other_images(_: Any = None):
        if data.value in ("", FASHION, offered["data"]):  # what somebody typed stays
            data.value = offered["data"] = images_for(selection)

    def other_study(change: Any):
        other_images()
        if path_of(change["old"]) != path_of(change["new"]):
            job.complain("")
            job.find()

    job.observe(draw, "state")
    job.observe(grow, "state")
    selection.observe(describe, "plan")
    # Files of networks are read: not at every step of a drag, and not while a job says what there is to see.
    selection.observe(lambda _: None if job.running else draw(), "settled")
    selection.observe(draw, "study")
    selection.observe(other_study, "study")
    StudyDraft.of(selection).observe(other_images, ["data", "model"])
    draw()
    go = start_button("Fine-tune", start, primary=True, tooltip="Fine-tune the pruned network of this plan")
    *inputs, repair = parts.values()
    checks = form_checks(FinetuneOptions, parts, budgets=budgets_fit, methods=methods_exist)
    allowed = guard(go, checks.values())
    for part in parts.values():
        part.observe(allowed, "value")
    shown = with_places({name: part for name, part in parts.items() if part in inputs}, checks)
    card = ui.card(about, fields(data, *shown), repair, ui.row(go), job, title="Fine-tune this plan")
    curve = ui.card(plot, title="Live")
    curve.add_class("mdp-curve")
    outcome = ui.card(table, title="What it is worth")
    panel = long_work(flow(card, curve, outcome))
    panel.bad, panel.images, panel.recipe, panel.epochs, panel.rate, *front, panel.repair = parts.values()
    panel.budgets, panel.methods = front
    panel.about, panel.data, panel.go, panel.job = about, data, go, job
    panel.plot, panel.table = plot, table
    return panel


def whose_facts(state: JobState | None, plan: Plan | None) -> tuple[JobState | None, Network | None]:
    """What the panel shows: a job while it runs; then the newest fine-tuned network of exactly this plan.

    Where the plan has none, or the job made it and knows its curve too, the job stays.
    """
    if state is not None and state.status == "running":
        return state, None
    found = networks_of_plan(plan) if plan else []
    newest = next((one for one in found if one.accuracy is not None), None)
    made = Path(str(state.result.get("path", ""))).resolve() if state else None
    if newest is None or made == newest.folder.resolve():
        return state, None
    return None, newest


def is_about(state: JobState, study: StudyRecord | None) -> bool:
    """Whether a run fine-tunes a plan of this study."""
    return bool(path_of(study)) and state.arguments[1:2] == (path_of(study),)


def path_of(study: StudyRecord | None) -> str:
    """The file of a study, or the one that it gets when a run needs one; "" for none."""
    if study is None:
        return ""
    return str(Path(study.path or data_dir() / "user" / "studies" / f"{slug(study.name)}.json").resolve())


def images_for(selection) -> str:
    """Those that the study was scored on, as far as they are known: also a folder that was named for its
    model in the steps that make a study."""
    study, draft = selection.study, StudyDraft.of(selection)
    known = images_of(study)
    return known or (draft.data if study is not None and draft.model == study.model.name else "")


def images_of(study: StudyRecord | None) -> str:
    """The images that come with the project, if the study was scored on them or some of them; "" for none."""
    scored = FASHION if study is None else str(study.scores.provenance.get("dataset"))
    return FASHION if scored in (FASHION, f"{FASHION}-subset") else ""
