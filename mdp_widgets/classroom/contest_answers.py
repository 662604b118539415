"""The contest's answers, for the teacher's page and the printed notes."""

from mdp.core.errors import MdpError
from mdp.core.plan import Plan
from mdp.core.plan_accuracy import known_accuracy
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.accuracy_words import accuracy_sentence, dense_accuracy, dense_images
from mdp.plot.labels import label_of

from ..teach.contest.page import ROUNDS
from .contest import MADE, contest_study, question, round_in
from .lesson import class_study


def round_answers() -> tuple[tuple[str, str], ...]:
    """(title, words) of each round on the class's study; a round that cannot be played is left out."""
    study = class_study()
    if study is None or study.path is None:
        return ()
    found = []
    for title, name in zip(ROUNDS, MADE, strict=False):
        try:
            found.append((title, plan_words(study, name)))
        except MdpError:
            continue
    quiz = question(study)
    return (*found, *([(ROUNDS[-1], f"{quiz.prompt} {quiz.because}")] if quiz is not None else []))


def plan_words(study: StudyRecord, name: str) -> str:
    """The limits of a round, and the solver's plan: what it keeps, what that is worth, every width."""
    study = contest_study(study.path.stem) if study.path else study
    problem, round_ = study.problem, round_in(study, name)
    plan = round_.answer.plan
    limit = "" if round_.parameters is None else f" and {fmt.percent(round_.parameters, 0)} of the parameters"
    kept = fmt.percent(plan.importance / (problem.dense_importance or 1.0))
    known = known_accuracy(study, plan, networks=())
    seen = (
        ""
        if known is None or known.estimate
        else f" {accuracy_sentence(known, dense_accuracy(study), dense_on=dense_images(study))}"
    )
    return (
        f"{fmt.ms(round_.budget, problem.latency_unit)} ({fmt.percent(round_.share, 0)} of dense){limit}. "
        f"The solver keeps {kept} of the importance in {fmt.ms(plan.latency, problem.latency_unit)}.{seen} "
        f"{widths_words(study, plan)}"
    )


def widths_words(study: StudyRecord, plan: Plan) -> str:
    """Every width of a plan, block by block: `embedding 80; blocks.0: heads 4, qk 8; removed: blocks.3.`"""
    problem, parts = study.problem, []
    home = {d: next(iter(users)) for d, users in problem.dim_blocks.items() if len(users) == 1}
    kind = {d.name: d.kind for d in problem.dims}
    shared = [f"{d} {plan.choices[d]}" for d in problem.dim if home.get(d) is None and plan.choices.get(d)]
    if shared:
        parts.append(", ".join(shared))
    for block in problem.blocks:
        own = [d for d in problem.dim if home.get(d) == block.name and plan.choices.get(d)]
        if own and block.name not in plan.removed_blocks:
            told = ", ".join(f"{label_of(d, kind[d], block.name)} {plan.choices[d]}" for d in own)
            parts.append(f"{block.name}: {told}")
    if plan.removed_blocks:
        parts.append(f"removed: {', '.join(plan.removed_blocks)}")
    return f"{'; '.join(parts)}."
