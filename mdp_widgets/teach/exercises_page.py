"""The exercises on the page, in three grades: for who is done early, and for an evening."""

import ipywidgets as widgets

from mdp.plot import formats as fmt

from ..theme import ui
from ..theme.markup import html
from .exercises import EXERCISES, GRADES, Exercise, measured, study
from .exercises.on_page import ON_PAGE, judged, quiz_of
from .question import Question

KEYS = [f"exercise-{e.number}" for e in EXERCISES if ON_PAGE[e.number].reads]


class ExercisesPage:
    """`.widget` is the page; `.questions` by the exercise's number."""

    def __init__(self, number: int, memory: str):
        self.questions: dict[int, Question] = {}
        head = html(
            '<div class="mdp-step-head"><h2>{n}. Exercises</h2><p class="mdp-ask">{count} exercises in '
            "three grades, all about “{study}”, with the explorer and the steps at hand. In a notebook they "
            'are done in code<span class="mdp-served">: <a href="./class/exercises.ipynb">exercises.ipynb'
            "</a></span>.</p></div>",
            n=number,
            count=len(EXERCISES),
            study=study().name,
        )
        parts: list[widgets.Widget] = [widgets.HTML(head)]
        for grade, name in enumerate(GRADES, 1):
            parts.append(ui.heading(f"Grade {grade}: {name}"))
            parts += [self._part(e, number, memory) for e in EXERCISES if e.grade == grade]
        self.widget = widgets.VBox(parts)
        self.widget.add_class("mdp-step")
        self.widget.add_class("mdp-exercises")

    def _part(self, exercise: Exercise, step: int, memory: str) -> widgets.Widget:
        how = ON_PAGE[exercise.number]
        title = html("<b>{n}. {title}.</b> ", n=exercise.number, title=exercise.title)
        where = html('<p class="mdp-where">{title}{where}</p>', title=title, where=how.where)
        if not how.reads:
            return ui.card(
                widgets.HTML(where), widgets.HTML(html('<p class="mdp-ask">{ask}</p>', ask=how.ask))
            )
        question = Question(
            quiz_of(exercise), memory, step, judge_with=lambda _, value: judged(exercise, value)
        )
        question.numeric = how.reads == "number"
        self.questions[exercise.number] = question
        below = [widgets.HTML(_measured_table())] if how.reads == "pair" else []
        return widgets.VBox([widgets.HTML(where), question, *below])


def _measured_table() -> str:
    rows = [
        (
            str(p["place"]),
            p["method"],
            f"{p['latency']:.2f}",
            fmt.percent(p["importance"]),
            fmt.percent(p["accuracy"]),
        )
        for p in measured()
    ]
    head = ("place", "method", "latency, ms", "importance kept", "accuracy as cut")
    return ui.details(head, rows, "The plans that were measured")
