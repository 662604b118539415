"""A study and a plan as one HTML file: no server, no script, no address in it; made to be read and printed.

path.write_text(report_html(study, plan), encoding="utf-8")
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mdp.core.measurements import finetuned, timed
from mdp.core.plan import Plan, check_plan_fits
from mdp.core.plan_accuracy import Known, PlanAccuracy, known_accuracy, measured_plans
from mdp.core.problem import Problem
from mdp.core.quality import accuracy_check_words, beside, importance_doubt, study_words
from mdp.core.quality_name import quality_name
from mdp.core.resources import ACTIVATIONS, amount
from mdp.core.study import StudyRecord, interpolation_note
from mdp.core.tables import how_timed
from mdp.plot import formats as fmt
from mdp.plot.accuracy_draw import draw_accuracy
from mdp.plot.accuracy_front import accuracy_front, accuracy_label
from mdp.plot.accuracy_words import accuracy_value, dense_text, interval_text, stage_text
from mdp.plot.compare import compare_info, compare_sentence, compare_table
from mdp.plot.front import draw_front, front_info, front_label
from mdp.plot.front_layers import Points
from mdp.plot.style import tokens
from mdp.plot.survivor_rows import survivors_info, survivors_table
from mdp.solve import Front

from .figure_svg import figure_svg
from .survivors_svg import survivors_svg

_TEMPLATE = Environment(
    loader=PackageLoader("mdp_widgets", "export"), autoescape=True, undefined=StrictUndefined
).get_template("report.html")
_STYLE = {
    "font": "--mdp-font",
    "ink": "--mdp-ink",
    "muted": "--mdp-ink-2",
    "line": "--mdp-line",
    "bad": "--mdp-bad",
}


def report_html(
    study: StudyRecord,
    plan: Plan,
    front: Front | None = None,
    a: Plan | None = None,
    beside: tuple[Points, ...] = (),
    also: tuple[PlanAccuracy, ...] = (),
    turned: Problem | None = None,
) -> str:
    """The whole report as one HTML document. `front` adds the picture of the front behind the plan; `a` is a
    plan to show beside it everywhere, `beside` what the front is compared with, `also` the plans measured
    since, beside those of the study; `turned` the problem of a front over another resource.

    Raises:
        MdpError: a plan is of another study.
    """
    for one in filter(None, (plan, a)):
        check_plan_fits(one, study.problem)
    known, known_a = (known_accuracy(study, one, also) if one else None for one in (plan, a))
    colours = tokens()
    shown: dict[str, Any] = {
        "title": f"{study.name} at {fmt.ms(plan.latency, plan.latency_unit)}",
        "style": {name: Markup(colours[token]) for name, token in _STYLE.items()},
        "subtitle": subtitle(study),
        "warnings": warnings(study),
        "numbers": headline(study, plan, known),
        "of_a": headline(study, a, known_a) if a else [],
        "survivors": Markup(survivors_svg(survivors_info(study, plan, a=a), 800)),
        "front": "",
        "accuracy": "",
        "compared": "",
        "blocks": survivors_table(survivors_info(study, plan)),
        "provenance": provenance(study, plan),
        "skipped": [(s.name, s.reason) for s in study.skipped],
    }
    if front is not None:
        info = front_info(study, front, plan, a, () if turned else beside, turned)
        shown["front"] = Markup(figure_svg(draw_front(info), 800, 300, front_label(info)))
    if measured_plans(study) or also:
        info = accuracy_front(study, plan, known, a, known_a, also=also, tuned=finetuned(study))
        shown["accuracy"] = Markup(figure_svg(draw_accuracy(info), 800, 300, accuracy_label(info)))
        shown["accuracy_check"] = accuracy_check_words(study)
    if a is not None:
        info = compare_info(study, a, plan, known_a, known)
        shown |= {"compared": compare_sentence(info), "compared_table": compare_table(info)}
    return _TEMPLATE.render(shown)


def subtitle(study: StudyRecord) -> str:
    """What was measured on what, in a line."""
    p = study.tables.provenance
    facts = (study.model.name, p["device"], f"batch {p['batch']}", p["dtype"], *how_timed(study.tables))
    return " · ".join(map(str, facts))


def headline(study: StudyRecord, plan: Plan, known: Known | None = None) -> list[tuple[str, str]]:
    """The numbers that a reader wants first: (value, what it is); `known` of the plan's accuracy."""
    problem = study.problem
    found = [
        (
            fmt.ms(plan.latency, plan.latency_unit),
            f"of {fmt.ms(problem.dense_latency, plan.latency_unit)} dense{_band(study, plan)}",
        ),
        (f"{problem.dense_latency / plan.latency:.2f}×" if plan.latency else "–", "faster, predicted"),
        (
            fmt.percent(plan.importance / problem.dense_importance if problem.dense_importance else 1.0),
            f"importance kept{beside(importance_doubt(study))}",
        ),
        (accuracy_value(known), _accuracy_note(study, known)),
        (f"{len(problem.blocks) - len(plan.removed_blocks)} of {len(problem.blocks)}", "blocks kept"),
    ]
    for what, name in (("parameters", "parameters"), ("macs", "MACs")):
        if what in study.counts:
            count = study.count(what, plan.choices, plan.removed_blocks)
            found.append((fmt.count(count), f"{name}, {fmt.change(count / study.count(what))}"))
    if ACTIVATIONS in problem.resource:
        used = problem.use(ACTIVATIONS, plan.choices, plan.removed_blocks)
        change = fmt.change(used / problem.dense_use(ACTIVATIONS))
        found.append((amount(used, "bytes"), f"activations in memory at once, {change}"))
    found.append(
        (
            "proven" if plan.optimal else "not proven",
            "to keep the most importance within this budget, under these tables and pins",
        )
    )
    return found


def _accuracy_note(study: StudyRecord, known: Known | None) -> str:
    against = dense_text(study)
    if known is None:
        return ", ".join(filter(None, (f"{quality_name(study)}, not measured", against)))
    on = f"{known.images:,} test images" if known.images else ""
    told = (f"{known.measure}, {stage_text(known)}", interval_text(known), on, against)
    return ", ".join(filter(None, told))


def _band(study: StudyRecord, plan: Plan) -> str:
    error = (study.verification or {}).get("median_error")
    if isinstance(error, int | float):
        return f", ±{fmt.percent(error)}"
    own = next((one for one in timed(study) if one.is_of(plan)), None)
    return f", measured {fmt.ms(own.measured)}" if own else ", not verified"


def warnings(study: StudyRecord) -> list[str]:
    """Sentences that a reader must not miss."""
    return list(study_words(study))


def provenance(study: StudyRecord, plan: Plan) -> list[tuple[str, str]]:
    """Every fact about how the numbers were made, as (name, text)."""
    found = [("Model", f"{study.model.name}, weights: {study.model.weights}, {study.family} family")]
    for what, facts in (
        ("Latency", study.tables.provenance),
        ("Importance", study.scores.provenance),
        ("Accuracy", _facts_of(study.accuracy or {})),
    ):
        found += [(f"{what}: {k.replace('_', ' ')}", _plain(v)) for k, v in facts.items()]
    check = study.verification
    if check:
        found.append(
            (
                "Whole networks",
                f"{check['subnetworks']} random sub-networks measured end to end: error of the "
                f"prediction {fmt.percent(check['median_error'])} median, "
                f"{fmt.percent(check['worst_error'])} worst",
            )
        )
    else:
        found.append(
            ("Whole networks", "the predictions were not checked against whole networks yet (mdp verify)")
        )
    inferred = interpolation_note(study.tables)
    found += [("Inferred", inferred)] if inferred else []
    solver = f"{plan.solver}, {1000 * plan.seconds:.1f} ms"
    found.append(("Solver", f"{solver}; {plan.note}" if plan.note else solver))
    found.append(
        ("Plan fits", f"problem {plan.fingerprint}, budget {fmt.ms(plan.budget, plan.latency_unit)}")
    )
    return found


def _facts_of(accuracy: Mapping[str, Any]) -> dict[str, Any]:
    """Without the plans one by one, and the test as its sentence says it elsewhere."""
    plans = accuracy.get("plans")
    told = {key: value for key, value in accuracy.items() if key not in ("plans", "check")}
    return {**told, "measured plans": len(plans)} if isinstance(plans, list) else told


def _plain(value) -> str:
    if isinstance(value, float):
        return fmt.number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return " × ".join(map(str, value))
    if isinstance(value, dict):
        return (
            ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
            if len(value) <= 8
            else f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
        )
    return str(value)
